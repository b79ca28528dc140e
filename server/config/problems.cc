#include "config/problems.h"

#include <algorithm>

namespace drift {

void Problems::Add(std::string_view file, Place place, std::string_view path,
                   std::string_view message) {
  const auto found = std::find(files_.begin(), files_.end(), file);
  const auto index = static_cast<size_t>(found - files_.begin());
  if (found == files_.end()) files_.emplace_back(file);
  std::string text = path.empty() ? std::string(message) : fmt::format("{}: {}", path, message);
  // A key may hold a line break; a mistake is one line all the same.
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  const auto same = [&](const Problem& problem) {
    return problem.file == index && problem.place == place && problem.text == text;
  };
  // An anchored value is read once for each alias.
  if (std::any_of(problems_.begin(), problems_.end(), same)) return;
  problems_.push_back({index, place, std::move(text)});
}

std::string Problems::Lines() const {
  std::vector<const Problem*> sorted;
  for (const Problem& problem : problems_) sorted.push_back(&problem);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem* a, const Problem* b) {
    return a->file != b->file ? a->file < b->file : a->place < b->place;
  });
  std::string out;
  for (const Problem* problem : sorted) {
    if (!out.empty()) out += '\n';
    out += files_[problem->file];
    if (problem->place.line > 0) {
      out += fmt::format(":{}:{}", problem->place.line, problem->place.column);
    }
    out += ": " + problem->text;
  }
  return out;
}

std::string Problems::Report() const {
  return size() == 1 ? Lines() : fmt::format("{}\n{} errors", Lines(), size());
}

Status Problems::ToStatus() const {
  return empty() ? OkStatus() : InvalidArgument("{}", Lines());
}

}  // namespace drift
