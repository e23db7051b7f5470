// The functions behind the command table, one file each.
#pragma once
#include "cli/command.h"

namespace fanin::cli {

int run_compare(const Arguments& arguments);
int run_train(const Arguments& arguments);
int run_init(const Arguments& arguments);
int run_diff_preset(const Arguments& arguments);
int run_show(const Arguments& arguments);
/// `show` without MODEL.
int show_data(const Arguments& arguments);
int run_list(const Arguments& arguments);
int run_explain(const Arguments& arguments);
int run_random(const Arguments& arguments);
int run_report(const Arguments& arguments);
int run_completion(const Arguments& arguments);
int run_help(const Arguments& arguments);

}  // namespace fanin::cli
