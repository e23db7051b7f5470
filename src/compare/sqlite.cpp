// Every return code is looked at; see Database::fail for what becomes of it.
#include "compare/sqlite.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fanin/base/error.h"

namespace fanin::compare {

namespace {

bool may_be_written(const std::filesystem::path& path) {
  struct stat status {};
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return false;
  return ::stat(path.c_str(), &status) != 0 || (S_ISREG(status.st_mode) && ::access(path.c_str(), R_OK | W_OK) == 0);
}

}  // namespace

Database::Database(const std::filesystem::path& path, Access access) : path_(path), writing_(access == Access::write) {
  const int flags = access == Access::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  // One thread a connection, so SQLite's own locking of the handle is not needed.
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(handle, 1);
  // A file from elsewhere may bring triggers and views; they shall do no more than tables do.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_busy_timeout(handle, 5000);  // a reader (`fanin report` beside a running comparison) holds locks briefly
}

void Database::run(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::int64_t Database::integer(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Database::text(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.text(0) : "";
}

void Database::fail(int code) const {
  const std::string reason = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  const int exact = handle_ ? sqlite3_extended_errcode(handle_.get()) : code;
  // A page that the file's header promises is not there: newer SQLite's word for a file that was cut.
  if (!writing_ && exact == SQLITE_IOERR_SHORT_READ)
    throw Error(fmt::format("{} is damaged: {}", path_.string(), reason));
  const int kind = code & 0xff;
  // SQLite says "unable to open database file" and "disk I/O error" of a full disk as well.
  if (kind == SQLITE_IOERR || (kind == SQLITE_CANTOPEN && writing_ && may_be_written(path_))) {
    throw Failure(fmt::format("{} cannot be {}: {}", path_.string(), writing_ ? "written" : "read",
                              writing_ ? reason + " (is the disk full?)" : reason));
  }
  switch (kind) {
    case SQLITE_NOTADB:
      throw Error(fmt::format("{} is not a Fanin run: {}", path_.string(), reason));
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:  // a missing table or column: not what this program wrote
      throw Error(fmt::format("{} is damaged: {}", path_.string(), reason));
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      throw Error(fmt::format("{} cannot be opened: {}", path_.string(), reason));
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    default:
      throw Failure(fmt::format("{} cannot be written: {}", path_.string(), reason));
  }
}

Statement::Statement(Database& database, const char* sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database.handle(), sql, -1, &statement, nullptr);
  if (code != SQLITE_OK) database.fail(code);
  statement_.reset(statement);
}

Statement& Statement::bind(int index, std::string_view text) {
  const int code =
      sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind(int index, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), index, value);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind(int index, double value) {
  const int code = sqlite3_bind_double(statement_.get(), index, value);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail(code);
  return false;
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return bytes == nullptr
             ? ""
             : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

}  // namespace fanin::compare
