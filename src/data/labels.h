// What readers of several files have in common: sizes that agree, labels inside the classes, names of classes.
#pragma once
#include <string>

#include "fanin/data/dataset.h"

namespace fanin::data {

/// Throws Error naming the two places where the images of the parts differ in size.
void check_same_size(const Dataset& dataset, const std::string& train_place, const std::string& test_place);

/// Throws Error naming the place where a test label is beyond the highest training label, which it returns.
std::int32_t check_labels(const Dataset& dataset, const std::string& test_place);

/// "0" to the highest label.
void number_classes(Dataset& dataset, std::int32_t highest);

}  // namespace fanin::data
