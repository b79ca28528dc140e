// Tables that fit the terminal.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "client/text_width.h"

namespace drift::client {

enum class Align { kLeft, kRight };
enum class Tone { kPlain, kGood, kBad, kCareful };

struct Column {
  std::string name;
  Align align = Align::kLeft;
  // May be cut down to so many columns; 0: not cut.
  size_t least = 0;
  Cut cut = Cut::kEnd;
  // Left out when even cutting does not help, the highest first; 0: never.
  int spare = 0;
};

struct Cell {
  Cell(std::string text, Tone tone = Tone::kPlain)  // NOLINT: a text is a cell
      : text(std::move(text)), tone(tone) {}
  std::string text;
  Tone tone;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns.
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  // `width` 0: as wide as it is. Without names (all empty) there is no line for them. No line is
  // longer than `width`.
  void Print(std::ostream& out, size_t width, bool color) const;

 private:
  struct Layout {
    std::vector<size_t> shown;   // indexes of columns
    std::vector<size_t> widths;  // of those shown
  };
  Layout Lay(size_t width) const;
  void PrintLine(std::ostream& out, const Layout& layout, const std::vector<Cell>& cells,
                 bool color) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// `text` in the colour of its tone, if there is to be any.
std::string Colored(const std::string& text, Tone tone, bool color);

}  // namespace drift::client
