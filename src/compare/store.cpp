// Schema, integrity and settings of DIR/run.sqlite.
#include "compare/store.h"

#include <fmt/format.h>

#include <system_error>

#include "compare/json_text.h"
#include "compare/record.h"
#include "compare/sqlite.h"
#include "fanin/base/error.h"
#include "fanin/base/hash.h"

namespace fanin::compare {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kApplicationId = 0x46616e69;  // "Fani", in the file's header
constexpr std::int64_t kSchemaVersion = 1;

constexpr const char* kSchema = R"(
CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE trials (
  task TEXT PRIMARY KEY,
  scheme TEXT NOT NULL,
  learning_rate REAL,
  result TEXT NOT NULL,
  checksum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE timings (task TEXT PRIMARY KEY, seconds REAL NOT NULL) WITHOUT ROWID;
)";

std::filesystem::path database_path(const std::filesystem::path& folder) {
  return folder / "run.sqlite";
}

// SQLite keeps no checksum of its pages; this one tells a flipped bit from a result.
std::int64_t checksum(const std::string& first, const std::string& second) {
  return static_cast<std::int64_t>(hash_text(second, hash_text(first)));
}

/// A scheme's file that has changed since the run began.
void require_same_files(const std::filesystem::path& folder, const RunSettings& settings, const RunFacts& there,
                        const RunFacts& here) {
  if (there.scheme_contents.size() != here.scheme_contents.size()) return;  // told as a difference of facts
  for (std::size_t i = 0; i < there.scheme_contents.size(); ++i) {
    if (there.scheme_contents[i] == here.scheme_contents[i]) continue;
    throw Error(
        fmt::format("{} holds a run of other settings: the file of '{}' has changed since it began (its checksum "
                    "was {}, is {}); expected the same content, or another folder",
                    folder.string(), settings.schemes.at(i).text(), there.scheme_contents[i], here.scheme_contents[i]));
  }
}

}  // namespace

struct Store::Impl {
  std::filesystem::path path;
  Database database;
  RunSettings settings;
  RunFacts facts;

  Impl(const std::filesystem::path& file, Database::Access access) : path(file), database(file, access) {}

  // A file without tables is what a process leaves that was killed before its first commit.
  bool empty() {
    return database.integer("PRAGMA application_id") == 0 &&
           database.integer("SELECT count(*) FROM sqlite_master") == 0;
  }

  void create(const RunSettings& run_settings, const RunFacts& run_facts) {
    Transaction transaction(database);
    database.run(
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, kSchemaVersion).c_str());
    database.run(kSchema);
    const std::string settings_text = to_text(to_json(run_settings)), facts_text = to_text(to_json(run_facts));
    put("settings", settings_text);
    put("facts", facts_text);
    put("checksum", std::to_string(checksum(settings_text, facts_text)));
    transaction.commit();
    settings = run_settings;
    facts = run_facts;
  }

  void load() {
    if (database.integer("PRAGMA application_id") != kApplicationId) {
      throw Error(fmt::format("{} is not a Fanin run: another program made it", path.string()));
    }
    const std::int64_t version = database.integer("PRAGMA user_version");
    if (version != kSchemaVersion) {
      throw Error(fmt::format("{} has schema version {}; this version of Fanin reads version {}", path.string(),
                              version, kSchemaVersion));
    }
    const std::string verdict = database.text("PRAGMA quick_check(1)");
    if (verdict != "ok") throw Error(fmt::format("{} is damaged: {}", path.string(), verdict));
    // A view or a trigger in place of a table could do anything.
    if (database.integer("SELECT count(*) FROM sqlite_master WHERE type <> 'table'") != 0) {
      throw Error(fmt::format("{} is damaged: it holds more than tables", path.string()));
    }
    const std::string settings_text = get("settings"), facts_text = get("facts");
    if (get("checksum") != std::to_string(checksum(settings_text, facts_text))) {
      throw Error(fmt::format("{} is damaged: its settings do not match their checksum", path.string()));
    }
    try {
      settings = settings_from_json(Json::parse(settings_text));
      facts = facts_from_json(Json::parse(facts_text));
      check_settings(settings);
    } catch (const nlohmann::json::exception& error) {
      throw Error(fmt::format("{} is damaged: its settings do not read ({})", path.string(), error.what()));
    } catch (const Error& error) {
      throw Error(fmt::format("{} is damaged: {}", path.string(), error.what()));
    }
  }

  void put(const char* name, const std::string& value) {
    Statement(database, "INSERT INTO run VALUES (?, ?)").bind(1, name).bind(2, value).step();
  }

  std::string get(const char* name) {
    Statement statement(database, "SELECT value FROM run WHERE name = ?");
    statement.bind(1, name);
    if (!statement.step()) throw Error(fmt::format("{} is damaged: it has no {}", path.string(), name));
    return statement.text(0);
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;

Store Store::open(const std::filesystem::path& folder, const RunSettings& settings, const RunFacts& facts,
                  bool resume) {
  auto impl = std::make_unique<Impl>(database_path(folder), Database::Access::write);
  const bool empty = impl->empty();
  if (!empty) {
    impl->load();
    if (!resume) {
      throw Error(
          fmt::format("{} already holds a run; give --resume to continue it, or another folder", folder.string()));
    }
  }
  // FULL, as records are seconds to hours of work and come seldom: a sync each costs nothing that shows.
  impl->database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  if (empty) {
    impl->create(settings, facts);
    return Store(std::move(impl));
  }
  // Both sides as they read back from text: a path with bytes that are not UTF-8 must not differ from itself.
  std::string difference = describe_difference(to_json(impl->settings), Json::parse(to_text(to_json(settings))));
  if (difference.empty()) {
    require_same_files(folder, impl->settings, impl->facts, facts);
    Json there = to_json(impl->facts), here = Json::parse(to_text(to_json(facts)));
    for (Json* json : {&there, &here}) {
      json->erase("command");         // says --resume the second time
      json->erase("dataset_source");  // the same bytes may lie elsewhere
    }
    difference = describe_difference(there, here);
  }
  if (!difference.empty()) {
    throw Error(fmt::format("{} holds a run of other settings: {}", folder.string(), difference));
  }
  return Store(std::move(impl));
}

Store Store::read(const std::filesystem::path& folder) {
  const std::filesystem::path path = database_path(folder);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw Error(fmt::format("{} holds no run: there is no run.sqlite in it", folder.string()));
  }
  auto impl = std::make_unique<Impl>(path, Database::Access::read);
  if (impl->empty()) throw Error(fmt::format("{} holds no run yet: its run.sqlite is empty", folder.string()));
  impl->load();
  return Store(std::move(impl));
}

const RunSettings& Store::settings() const {
  return impl_->settings;
}
const RunFacts& Store::facts() const {
  return impl_->facts;
}

Records Store::records() const {
  Records records;
  Statement statement(impl_->database, "SELECT task, result, checksum FROM trials");
  while (statement.step()) {
    const std::string task = statement.text(0), result = statement.text(1);
    const auto damaged = [&](const std::string& reason) {
      return Error(fmt::format("{} is damaged: {}", impl_->path.string(), reason));
    };
    if (statement.integer(2) != checksum(task, result)) {
      throw damaged(fmt::format("the record '{}' does not match its checksum", task));
    }
    try {
      const TaskKey key = parse_task_key(task);
      if (key.scheme >= impl_->settings.schemes.size()) throw Error(fmt::format("the record '{}' has no scheme", task));
      records.emplace(key, read_record(result));
    } catch (const nlohmann::json::exception& error) {
      throw damaged(fmt::format("the record '{}' does not read ({})", task, error.what()));
    } catch (const Error& error) {
      throw damaged(error.what());
    }
  }
  return records;
}

std::vector<Timing> Store::timings() const {
  std::vector<Timing> timings;
  Statement statement(impl_->database, "SELECT task, seconds FROM timings");
  while (statement.step()) timings.push_back({parse_task_key(statement.text(0)), statement.real(1)});
  return timings;
}

void Store::add(const TaskKey& key, const train::TrialResult& result) {
  const std::string task = key.text(), record = write_record(result);
  Transaction transaction(impl_->database);
  Statement insert(impl_->database,
                   "INSERT INTO trials (task, scheme, learning_rate, result, checksum) VALUES (?, ?, ?, ?, ?)");
  insert.bind(1, task).bind(2, impl_->settings.schemes.at(key.scheme).text());
  if (!key.final) insert.bind(3, grid_rate(impl_->settings, key.rate));  // a final trial's rate follows from the tuning
  insert.bind(4, record).bind(5, checksum(task, record)).step();
  Statement(impl_->database, "INSERT INTO timings VALUES (?, ?)").bind(1, task).bind(2, result.seconds).step();
  transaction.commit();
}

void Store::seal() {
  impl_->database.run("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
}

}  // namespace fanin::compare
