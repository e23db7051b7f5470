// SHA-256 (FIPS 180-4), for the hashes by which the page's content security policy admits its own scripts.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace fanin::report {

std::array<std::uint8_t, 32> sha256(std::string_view bytes);

/// Base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);

/// "sha256-<base64>", as a content security policy writes it.
std::string script_hash(std::string_view script);

}  // namespace fanin::report
