// NumPy's npy (one array) and npz (a zip archive of named arrays).
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "fanin/formats/array.h"

namespace fanin::formats {

/// Parses an npy file of version 1, 2 or 3: booleans, integers and floats of either byte order, row-major or Fortran
/// order (which is transposed). Throws Error naming `file` and the offset: wrong magic, a header that is not the
/// dictionary of descr, fortran_order and shape, objects and structured types, short or surplus data.
Array parse_npy(std::span<const std::uint8_t> bytes, std::string_view file);

/// The bytes that numpy.save writes (version 1). Throws Error for bfloat16, which NumPy does not have.
std::vector<std::uint8_t> encode_npy(const Array& array);

/// Reads all arrays of an npz archive, in the archive's order, names without ".npy". Throws Error.
std::vector<NamedArray> read_npz(const std::filesystem::path& path);
std::vector<NamedArray> parse_npz(std::vector<std::uint8_t> bytes, std::string_view file);

/// The bytes that numpy.savez writes. Throws Error for an empty name, or one given twice.
std::vector<std::uint8_t> encode_npz(std::span<const NamedArray> arrays);
/// Written atomically. Throws Error or Failure as write_file_atomically does.
void write_npz(const std::filesystem::path& path, std::span<const NamedArray> arrays);

}  // namespace fanin::formats
