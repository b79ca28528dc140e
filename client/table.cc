#include "client/table.h"

#include <algorithm>
#include <numeric>
#include <ostream>

namespace drift::client {
namespace {

constexpr std::string_view kGap = "  ";

size_t Total(const std::vector<size_t>& widths) {
  const size_t gaps = widths.empty() ? 0 : (widths.size() - 1) * kGap.size();
  return std::accumulate(widths.begin(), widths.end(), gaps);
}

}  // namespace

std::string Colored(const std::string& text, Tone tone, bool color) {
  if (!color || tone == Tone::kPlain) return text;
  const char* code = tone == Tone::kGood  ? "\x1b[32m"
                     : tone == Tone::kBad ? "\x1b[31m"
                                          : "\x1b[33m";
  return code + text + "\x1b[0m";
}

Table::Layout Table::Lay(size_t width) const {
  Layout layout;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t widest = DisplayWidth(columns_[i].name);
    for (const auto& row : rows_) widest = std::max(widest, DisplayWidth(Printable(row[i].text)));
    layout.shown.push_back(i);
    layout.widths.push_back(widest);
  }
  while (width > 0 && Total(layout.widths) > width) {
    // The widest of those that may be cut gives way first.
    size_t victim = layout.shown.size();
    for (size_t i = 0; i < layout.shown.size(); ++i) {
      const Column& column = columns_[layout.shown[i]];
      const bool may = column.least > 0 && layout.widths[i] > column.least;
      if (may && (victim == layout.shown.size() || layout.widths[i] > layout.widths[victim])) {
        victim = i;
      }
    }
    if (victim < layout.shown.size()) {
      --layout.widths[victim];
      continue;
    }
    const auto spare =
        std::max_element(layout.shown.begin(), layout.shown.end(),
                         [&](size_t a, size_t b) { return columns_[a].spare < columns_[b].spare; });
    if (columns_[*spare].spare == 0) break;
    layout.widths.erase(layout.widths.begin() + (spare - layout.shown.begin()));
    layout.shown.erase(spare);
  }
  // A terminal narrower than what may not be cut: all give way.
  while (width > 0 && Total(layout.widths) > width) {
    auto widest = std::max_element(layout.widths.begin(), layout.widths.end());
    if (*widest <= 1) break;
    --*widest;
  }
  return layout;
}

void Table::PrintLine(std::ostream& out, const Layout& layout, const std::vector<Cell>& cells,
                      bool color) const {
  std::string line;
  for (size_t i = 0; i < layout.shown.size(); ++i) {
    const Column& column = columns_[layout.shown[i]];
    const Cell& cell = cells[layout.shown[i]];
    std::string text = Fit(Printable(cell.text), layout.widths[i], column.cut);
    const size_t used = DisplayWidth(text);
    const std::string fill(layout.widths[i] - std::min(used, layout.widths[i]), ' ');
    text = Colored(text, cell.tone, color);
    if (i > 0) line += kGap;
    const bool last = i + 1 == layout.shown.size();
    line += column.align == Align::kRight ? fill + text : last ? text : text + fill;
  }
  while (line.ends_with(' ')) line.pop_back();
  out << line << '\n';
}

void Table::Print(std::ostream& out, size_t width, bool color) const {
  const Layout layout = Lay(width);
  std::vector<Cell> names;
  bool named = false;
  for (const Column& column : columns_) {
    names.emplace_back(column.name);
    named = named || !column.name.empty();
  }
  if (named) PrintLine(out, layout, names, false);
  for (const auto& row : rows_) PrintLine(out, layout, row, color);
}

}  // namespace drift::client
