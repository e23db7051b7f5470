// Files that schemes read: weights of other networks (weight_selection:file=NET.safetensors) and policies
// (policy:file=MY.policy).
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fanin/base/spec.h"
#include "fanin/model/graph.h"

namespace fanin::init {

/// Keeps the files that schemes read in memory. A file is read once for all that hold it at the same time, and while
/// one does, every fill of the process sees that content, whatever becomes of the file. Schemes that read none hold
/// nothing. Copies share.
class SchemeFiles {
 public:
  SchemeFiles() = default;
  /// Throws Error naming the file (and a policy's line) where it cannot be read or is none of its kind.
  explicit SchemeFiles(const Spec& scheme);
  explicit SchemeFiles(std::span<const Spec> schemes);

 private:
  std::vector<std::shared_ptr<const void>> held_;
};

/// What the scheme's files hold, as 16 hexadecimal digits: of weights the file's bytes, of a policy its lines (without
/// comments) and the files that they name. "" where the scheme reads none. With the scheme's text it identifies the
/// scheme in stored runs, checkpoints and files of weights. Throws Error as SchemeFiles.
std::string contents_checksum(const Spec& scheme);

/// What the user should know before this scheme fills this network, one sentence each: lines of a policy that no
/// parameter comes to. Mostly empty.
std::vector<std::string> scheme_warnings(const model::Graph& graph, const Spec& scheme);

}  // namespace fanin::init
