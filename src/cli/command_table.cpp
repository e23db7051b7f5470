// THE table of commands.
#include <limits>

#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/settings.h"

namespace fanin::cli {

namespace {

constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

std::vector<OptionRow> join(std::vector<std::vector<OptionRow>> groups) {
  std::vector<OptionRow> rows;
  for (std::vector<OptionRow>& group : groups) rows.insert(rows.end(), group.begin(), group.end());
  const std::vector<OptionRow> common = common_rows();
  rows.insert(rows.end(), common.begin(), common.end());
  return rows;
}

OptionRow json_row() {
  return {"--json", "", "", "Print exactly one JSON document.", "Output"};
}

Command compare_command() {
  return {
      "compare",
      "",
      0,
      0,
      "Train one network under several schemes and say which wins, by how much, and why.",
      "Each scheme gets its own best learning rate, chosen on validation images with seeds of their own; then every "
      "scheme trains with the same final seeds, data order and augmentation, and the test images are read once. A run "
      "that is stopped goes on with --resume and ends in the same figures, whatever --jobs is.",
      {"fanin compare --model lenet5 --data fashion-mnist --init he_normal,xavier_uniform,orthogonal --epochs 1",
       "fanin compare --model vanilla:depth=20,width=16 --data fashion-mnist --init he_normal,normal:std=0.01 "
       "--steps 300 --seeds 3 --lr 0.0003..0.1:6",
       "fanin compare --model lenet5 --data images.zip --init he_normal,zeros --epochs 2 --plan"},
      join({network_rows(true),
            training_rows(),
            {{"--lr", "LOW..HIGH:POINTS", "0.001..1:7", "Learning rates to try, log-spaced; or one rate.", "Tuning"},
             {"--lr-grow", "POINTS", "2", "Points a side by which the grid may grow, 0 to 2.", "Tuning"},
             {"--tune-seeds", "N", "1", "Seeds for choosing the rate, never used again.", "Tuning"},
             {"--seeds", "N", "5", "Final seeds: trials that count, a scheme.", "Tuning"},
             {"--seed", "N", "0", "The first final seed, an unsigned 64-bit number.", "Tuning"},
             {"--target", "ACCURACY", "", "Also report the steps to this validation accuracy, in (0, 1].", "Output"},
             {"--out", "DIR", "", "Where the run is kept; fanin-runs/<model>-<data> where not given.", "Output"},
             {"--resume", "", "", "Go on with the run in DIR; starts it where there is none.", "Running"},
             {"--jobs", "N", "auto", "Trials side by side, one thread each; auto: one a processor.", "Running"},
             {"--plan", "", "", "Print the trials and the estimated time, and run nothing.", "Running"},
             json_row()}}),
      run_compare};
}

Command train_command() {
  return {
      "train",
      "",
      0,
      0,
      "Train one network from one scheme's weights; write weights, curve and checkpoints.",
      "DIR gets checkpoint.fanin (on the way and at the end), weights.safetensors and curve.csv. A training that is "
      "stopped goes on with --resume and ends in the same bits.",
      {"fanin train --model lenet5 --data fashion-mnist --init he_normal --epochs 5 --out runs/lenet",
       "fanin train --model resnet20 --data cifar10.zip --init he_normal:mode=fan_out --epochs 30 --lr 0.1 "
       "--schedule cosine:warmup=200 --augment flip,crop:4 --out runs/resnet20"},
      join({network_rows(false),
            training_rows(),
            {{"--lr", "RATE", "0.01", "The learning rate.", "Training"},
             {"--seed", "N", "0", "Rules weights, split, order and augmentation; unsigned, 64 bits.", "Training"},
             {"--weights,--from", "FILE", "", "Start from the weights in a .safetensors file (not when going on).",
              "Training"},
             {"--out", "DIR", "", "Where the results go.", "Output"},
             {"--resume", "", "", "Go on from DIR's checkpoint; starts anew where there is none.", "Output"},
             {"--profile", "", "", "Also print where a step's time goes, and write DIR/trace.json (Chrome trace).",
              "Output"},
             {"--checkpoint-every", "STEPS", "0", "Steps between checkpoints; 0: about 20 in all.", "Output"},
             json_row()}}),
      run_train};
}

Command init_command() {
  return {
      "init",
      "",
      0,
      0,
      "Write initial weights of a network, or of one tensor, to a file; or check such a file.",
      "The file's name says its format: .safetensors, .npz, or .raw for bare little-endian values. A safetensors "
      "file says what made it, and --check draws the weights again and compares every bit. A shard costs its own part "
      "only, in time and memory, but for schemes that compute a tensor as a whole ('fanin explain' says which).",
      {"fanin init --model resnet20 --init he_normal --seed 7 -o weights.safetensors",
       "fanin init --model lenet5 --preset pytorch-default --report -o weights.npz",
       "fanin init --shape 65536x8192 --init he_normal --dtype bf16 --shard 0/4 -o shard0.safetensors",
       "fanin init --model lenet5 --preset pytorch-default --stream torch --seed 0 -o as-pytorch.safetensors",
       "fanin init --model lenet5 --init lsuv --data fashion-mnist -o weights.safetensors",
       "fanin init --check weights.safetensors"},
      join(
          {{{"--model", "MODEL", "", "The network: a name, with options as in vanilla:depth=20,width=16.", "What"},
            {"--input", "CxHxW", "1x28x28", "The shape of one image.", "What"},
            {"--classes", "N", "10", "The number of classes.", "What"},
            {"--data", "DATA", "", "Take both from this data set; schemes as lsuv look at its images.", "What"},
            {"--batch", "N", "", "With --data: images that the scheme looks at; its option batch.", "What"},
            {"--shape", "OxIxHxW", "", "One tensor in place of a network: (out, in) or a kernel's extents.", "What"},
            {"--name", "TENSOR", "weight", "With --shape: its name, which names its random stream.", "What"},
            {"--groups", "N", "1", "With --shape: the convolution's groups.", "What"},
            {"--stride", "N[xN]", "", "With --shape: the convolution's stride, or one for each kernel axis.", "What"},
            {"--transposed", "", "", "With --shape: a transposed convolution, (I, O/groups, kH, kW).", "What"},
            {"--fused", "N", "1", "With --shape: layers one behind the other along the outputs, as 3 for QKV.", "What"},
            {"--activation", "ACTIVATION", "relu",
             "With --shape: the activation that follows, as in leaky_relu:alpha=0.2.", "What"},
            {"--init,--scheme", "SCHEME", "", "The scheme, as in normal:std=0.01.", "What"},
            {"--preset", "PRESET", "", "The same as --init: a framework's defaults, as in pytorch-default.", "What"},
            {"--policy", "FILE", "", "The same as --init policy:file=FILE: a scheme for each parameter.", "What"},
            {"--seed", "N", "0", "Rules the weights; unsigned, 64 bits.", "What"},
            {"--stream", "STREAM", "fanin",
             "The random stream: fanin, or that of a framework after seeding ('fanin list streams').", "What"},
            {"-o,--output", "FILE", "", "Where the weights go.", "Output"},
            {"--dtype", "TYPE", "float32", "float32, float64, bf16 or half: rounded to nearest.", "Output"},
            {"--shard", "I/N", "0/1", "Of each tensor part I, from 0, of N along its first extent.", "Output"},
            {"--report", "", "", "Print law, target and achieved mean and scale of each parameter.", "Output"},
            {"--threads", "N", "", "Threads for large tensors; the bits are the same. Default: all processors.",
             "Output"},
            {"--check", "FILE", "", "Verify a safetensors file against the scheme that it names.", "Checking"}}}),
      run_init};
}

Command diff_preset_command() {
  return {"diff-preset",
          "A B",
          2,
          2,
          "Say per parameter how two presets or schemes differ on a network, and by what factor.",
          "",
          {"fanin diff-preset pytorch-default keras-default --model lenet5",
           "fanin diff-preset torchvision-resnet he_normal --model resnet20 --input 3x32x32"},
          join({{{"--model", "MODEL", "", "The network."},
                 {"--data", "DATA", "", "Take the input's shape, the classes and the images that schemes look at."},
                 {"--input", "CxHxW", "1x28x28", "The shape of one image."},
                 {"--classes", "N", "10", "The number of classes."}}}),
          run_diff_preset};
}

Command show_command() {
  return {"show",
          "MODEL",
          0,
          1,
          "Show a network: its layers, parameters, fans and costs, or the program it is compiled to; or a data set.",
          "With --data and no MODEL: the data set's classes and sizes, on request a grid of its images.",
          {"fanin show lenet5", "fanin show resnet20 --input 3x32x32 --classes 10",
           "fanin show vanilla:depth=20,width=16 --program --batch 64",
           "fanin show --data fashion-mnist --augment flip,crop:4 -o samples.png"},
          join({{{"--data", "DATA", "", "Take the input's shape and the classes from this data set, or show it."},
                 {"--input", "CxHxW", "1x28x28", "The shape of one image."},
                 {"--classes", "N", "10", "The number of classes."},
                 {"--program", "", "", "Print the compiled program: steps, fusions, lifetimes."},
                 {"--batch", "N", "128", "Images a step of the program."},
                 {"--verbose", "", "", "With --program: the implementations' names too."}},
                {{"--augment", "LIST", "none", "Random changes of the images in the grid, as in flip,crop:4.", "Data"},
                 {"-o,--output", "FILE", "", "Draw a grid of training images, a row a class, as a PNG file.", "Data"},
                 {"--write", "FILE", "", "Write the data set as a NumPy archive (.npz).", "Data"},
                 {"--seed", "N", "0", "Rules the augmentation; unsigned, 64 bits.", "Data"}}}),
          run_show};
}

std::vector<Command> make_table() {
  return {
      compare_command(),
      train_command(),
      init_command(),
      diff_preset_command(),
      show_command(),
      {"list",
       "KIND",
       0,
       1,
       "List schemes, presets, models, datasets, activations, commands or another kind; alone, the kinds.",
       "",
       {"fanin list schemes", "fanin list models --json"},
       join({{json_row(), {"--markdown", "", "", "Print a table in Markdown, with formulas and papers.", "Output"}}}),
       run_list},
      {"explain",
       "NAME",
       1,
       1,
       "Explain a scheme, preset, model, dataset, operator, activation, optimizer, schedule or command.",
       "",
       {"fanin explain he_normal", "fanin explain resnet20"},
       join({}),
       run_explain},
      {"report",
       "DIR...",
       1,
       any_number,
       "Make the report of finished or partial runs again, several in one page.",
       "",
       {"fanin report runs/lenet5", "fanin report runs/lenet5 runs/vanilla -o both.html"},
       join({{{"-o,--output", "FILE", "", "The page; DIR/report.html for one run, report.html here for several."}}}),
       run_report},
      {"random",
       "",
       0,
       0,
       "Write the random words behind the weights as bytes, for test batteries of random numbers.",
       "The words of one parameter's stream in the order of its elements, little-endian (docs/random.md); without "
       "--bytes for ever.",
       {"fanin random --raw | dieharder -a -g 200",
        "fanin random --raw --seed 7 --name conv1.weight --bytes 4096 > words"},
       join({{{"--raw", "", "", "32-bit words, to a file or a pipe."},
              {"--seed", "N", "0", "The seed, an unsigned 64-bit number."},
              {"--name", "TENSOR", "w", "The parameter's name."},
              {"--bytes", "N", "", "Stop after so many bytes."}}}),
       run_random},
      {"completion",
       "SHELL",
       1,
       1,
       "Print the completion script of bash, zsh or fish.",
       "For bash: fanin completion bash > ~/.local/share/bash-completion/completions/fanin",
       {"fanin completion bash", "source <(fanin completion bash)"},
       join({}),
       run_completion},
      {"help",
       "COMMAND",
       0,
       1,
       "Show the help of a command.",
       "",
       {"fanin help compare", "fanin help --man | man -l -"},
       join({{{"--man", "", "", "Print the manual page of all commands, in troff."}}}),
       run_help},
  };
}

}  // namespace

const std::vector<Command>& command_table() {
  static const std::vector<Command> table = make_table();
  return table;
}

}  // namespace fanin::cli
