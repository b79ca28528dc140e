#include "client/nearest_word.h"

#include <algorithm>

namespace drift::client {
namespace {

constexpr size_t kLongestWord = 64;

// Optimal string alignment: insertions, deletions, substitutions, neighbours swapped.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

// Dashes before an option are no letters of it.
std::string_view Letters(std::string_view word) {
  return word.substr(std::min(word.find_first_not_of('-'), word.size()));
}

}  // namespace

std::string NearestWord(std::string_view word, const std::vector<std::string>& known) {
  const std::string_view wanted = Letters(word);
  if (wanted.size() < 2 || wanted.size() > kLongestWord) return "";
  const std::string* nearest = nullptr;
  size_t best = 0;
  for (const std::string& candidate : known) {
    const std::string_view letters = Letters(candidate);
    if (letters.size() < 2 || candidate.starts_with('-') != word.starts_with('-')) continue;
    const size_t distance = Distance(wanted, letters);
    if (distance > std::max<size_t>(1, std::max(wanted.size(), letters.size()) / 3)) continue;
    if (nearest != nullptr && distance >= best) continue;
    nearest = &candidate;
    best = distance;
  }
  return nearest == nullptr ? "" : *nearest;
}

}  // namespace drift::client
