// Reading zip archives with libzip, from memory. An archive is checked before any entry is read.
#include "fanin/formats/zip.h"

#include <zip.h>

#include <algorithm>
#include <new>
#include <utility>

#include "fanin/base/file.h"
#include "formats/refuse.h"

namespace fanin::formats {
namespace {

constexpr std::uint64_t max_inflation = 1032;                                // deflate's greatest ratio
constexpr std::uint64_t local_header_bytes = 30, central_header_bytes = 46;  // without name and extra field

bool leaves_its_folder(std::string_view name) {
  if (name.starts_with('/') || name.find('\\') != name.npos || name.find('\0') != name.npos) return true;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return name.size() >= 2 && name[1] == ':';
}

struct Closer {
  void operator()(zip_t* archive) const { zip_discard(archive); }
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

std::string message_of(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  while (text.ends_with(' ') || text.ends_with(':')) text.pop_back();  // "Zlib error: " without zlib's own word
  return text;
}

}  // namespace

struct ZipArchive::Impl {
  std::shared_ptr<const std::vector<std::uint8_t>> bytes;
  std::shared_ptr<const std::vector<ZipEntry>> entries;
  std::string name;
  std::unique_ptr<zip_t, Closer> archive;

  void open(int flags) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes->data(), bytes->size(), 0, &error);
    if (source == nullptr) throw std::bad_alloc();
    archive.reset(zip_open_from_source(source, ZIP_RDONLY | flags, &error));
    if (!archive) {
      const std::string reason = zip_error_strerror(&error);
      zip_source_free(source);
      zip_error_fini(&error);
      refuse(name, fmt::format("not a sound zip archive ({})", reason));
    }
    zip_error_fini(&error);
  }

  void list() {
    auto listed = std::make_shared<std::vector<ZipEntry>>();
    const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
    std::uint64_t least_bytes = 0;  // what entries that do not overlap would take
    for (zip_int64_t i = 0; i < count; ++i) {
      zip_stat_t stat;
      if (zip_stat_index(archive.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW, &stat) != 0) {
        refuse(name, fmt::format("entry {} of the zip archive cannot be read", i));
      }
      constexpr zip_uint64_t needed =
          ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
      if ((stat.valid & needed) != needed) refuse(name, fmt::format("entry {} of the zip archive is incomplete", i));
      const std::string entry = stat.name;
      if (entry.empty() || leaves_its_folder(entry)) {
        refuse(name, fmt::format("entry {} of the zip archive has the unsafe name '{}'", i, entry));
      }
      if (stat.encryption_method != ZIP_EM_NONE) refuse(name, fmt::format("entry '{}' is encrypted", entry));
      if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) {
        refuse(name, fmt::format("entry '{}' is compressed by method {}, expected 0 (stored) or 8 (deflated)", entry,
                                 stat.comp_method));
      }
      if (stat.comp_size > bytes->size()) refuse(name, fmt::format("entry '{}' is longer than the archive", entry));
      // Before anything is reserved for it: a larger claim is false.
      if (stat.size > (stat.comp_method == ZIP_CM_STORE ? stat.comp_size : stat.comp_size * max_inflation)) {
        refuse(name, fmt::format("entry '{}' declares {} bytes, more than its {} packed bytes can hold", entry,
                                 stat.size, stat.comp_size));
      }
      least_bytes += local_header_bytes + central_header_bytes + 2 * entry.size() + stat.comp_size;
      if (least_bytes > bytes->size()) refuse(name, fmt::format("entries overlap, the last of them '{}'", entry));
      listed->push_back({entry, static_cast<std::uint64_t>(i), stat.size, entry.ends_with('/')});
    }
    std::vector<std::string_view> names;
    names.reserve(listed->size());
    for (const ZipEntry& entry : *listed) names.push_back(entry.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) refuse(name, fmt::format("entry '{}' is in the zip archive twice", *twice));
    entries = std::move(listed);
  }
};

ZipArchive::ZipArchive(const std::filesystem::path& path) : ZipArchive(read_file(path), path.string()) {}

ZipArchive::ZipArchive(std::vector<std::uint8_t> bytes, std::string name) : impl_(std::make_unique<Impl>()) {
  impl_->bytes = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  impl_->name = std::move(name);
  if (impl_->bytes->empty()) refuse(impl_->name, "an empty file, expected a zip archive");  // libzip takes it for one
  impl_->open(0);
  impl_->list();  // first, since it can name the entry that is wrong
  impl_->open(ZIP_CHECKCONS);
}

ZipArchive::ZipArchive(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZipArchive::~ZipArchive() = default;
ZipArchive::ZipArchive(ZipArchive&&) noexcept = default;
ZipArchive& ZipArchive::operator=(ZipArchive&&) noexcept = default;

ZipArchive ZipArchive::another() const {
  auto impl = std::make_unique<Impl>();
  impl->bytes = impl_->bytes;
  impl->entries = impl_->entries;
  impl->name = impl_->name;
  impl->open(0);  // the consistency was checked by the first
  return ZipArchive(std::move(impl));
}

const std::string& ZipArchive::name() const {
  return impl_->name;
}

const std::vector<ZipEntry>& ZipArchive::entries() const {
  return *impl_->entries;
}

std::vector<std::uint8_t> ZipArchive::read(const ZipEntry& entry, std::uint64_t max_bytes) const {
  const auto fail = [&](std::string_view what) { refuse(name(), fmt::format("entry '{}' {}", entry.name, what)); };
  if (entry.size > max_bytes) fail(fmt::format("declares {} bytes, more than {} are refused", entry.size, max_bytes));
  const std::unique_ptr<zip_file_t, Closer> file(zip_fopen_index(impl_->archive.get(), entry.index, 0));
  if (!file) fail(fmt::format("cannot be read ({})", zip_strerror(impl_->archive.get())));
  std::vector<std::uint8_t> content(entry.size);
  // The surplus byte makes libzip reach the end, where it compares CRC and size.
  std::uint8_t surplus = 0;
  std::size_t filled = 0;
  while (true) {
    const bool full = filled == content.size();
    const zip_int64_t got = full ? zip_fread(file.get(), &surplus, 1)
                                 : zip_fread(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0) fail(fmt::format("is damaged ({})", message_of(zip_error_code_zip(zip_file_get_error(file.get())))));
    if (got == 0) break;
    if (full) fail(fmt::format("inflates to more than the {} bytes it declares", entry.size));
    filled += static_cast<std::size_t>(got);
  }
  if (filled != content.size()) fail(fmt::format("has {} bytes, it declares {}", filled, entry.size));
  return content;
}

}  // namespace fanin::formats
