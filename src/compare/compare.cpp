// A comparison from start to end: check, lock, store, run, results, files.
#include "fanin/compare/compare.h"

#include "compare/assemble.h"
#include "compare/csv.h"
#include "compare/runner.h"
#include "compare/store.h"
#include "fanin/base/file.h"
#include "fanin/base/lock.h"
#include "fanin/init/files.h"

namespace fanin::compare {

Results run_comparison(const RunSettings& settings, const data::Dataset& dataset, const RunOptions& options,
                       const TrialRunner& runner) {
  check_settings(settings);
  worker_count(options.jobs);
  const init::SchemeFiles files(settings.schemes);  // all trials see what was read here
  const RunFacts facts = gather_facts(settings, dataset, options.command);
  make_folder(options.out);
  const FolderLock lock(options.out);
  Store store = Store::open(options.out, settings, facts, options.resume);
  Records records = store.records();
  run_plan(settings, facts.classes, options, runner, store, records);
  Results results = assemble_results(store.settings(), store.facts(), records);
  write_file_atomically(options.out / "results.json", results_json(results));
  write_file_atomically(options.out / "results.csv", results_csv(results));
  write_file_atomically(options.out / "timings.csv", timings_csv(settings, records, store.timings(),
                                                                 evaluate_plan(settings, facts.classes, records)));
  store.seal();
  return results;
}

Results load_results(const std::filesystem::path& out) {
  const Store store = Store::read(out);
  return assemble_results(store.settings(), store.facts(), store.records());
}

}  // namespace fanin::compare
