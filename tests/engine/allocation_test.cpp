// A step allocates nothing: operator new is replaced by one that counts. What libdnnl and libgomp allocate inside their
// own code is theirs; the caller's address tells.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "fanin/engine/program.h"
#include "fanin/model/builders.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

void count(void* caller) {
  if (!counting) return;
  Dl_info info{};
  if (dladdr(caller, &info) != 0 && info.dli_fname &&
      (std::strstr(info.dli_fname, "libdnnl") || std::strstr(info.dli_fname, "libgomp"))) {
    return;
  }
  ++allocations;
}

void* allocate(std::size_t size, std::size_t alignment) {
  void* memory = alignment == 0 ? std::malloc(size == 0 ? 1 : size)
                                : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  count(__builtin_return_address(0));
  return allocate(size, 0);
}
void* operator new[](std::size_t size) {
  count(__builtin_return_address(0));
  return allocate(size, 0);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  count(__builtin_return_address(0));
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  count(__builtin_return_address(0));
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  count(__builtin_return_address(0));
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace fanin::testing {
namespace {

TEST(Step, AllocatesNothing) {
  for (const char* spec : {"lenet5", "vanilla:depth=6,width=8,norm=batch", "resnet20"}) {
    engine::Program program(model::build_model(parse_spec(spec), {1, 28, 28}, 10), {.batch = 8});
    program.forward_backward(1, 0);
    program.evaluate(8);
    allocations = 0;
    counting = true;
    program.forward_backward(1, 1);
    program.evaluate(8);
    counting = false;
    EXPECT_EQ(allocations, 0) << spec;
  }
}

TEST(Step, CountsAllocationsAtAll) {
  allocations = 0;
  counting = true;
  delete new int(3);
  void* made = ::operator new(40);
  ::operator delete(made);
  counting = false;
  EXPECT_GE(allocations, 1);
}

}  // namespace
}  // namespace fanin::testing
