// A template over columns: "{title}\n\n{body}". {{ and }} stand for braces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/value.h"

namespace drift {

class TextTemplate {
 public:
  // kInvalidArgument names the column of the text where it breaks, e.g. "'{' at 7 is not closed".
  static StatusOr<TextTemplate> Parse(std::string_view text);
  // Columns joined with a blank line; columns that are NULL are left out with their blank line.
  static TextTemplate Join(std::vector<std::string> columns);

  // Each once, in order of first use.
  const std::vector<std::string>& columns() const { return columns_; }

  // `cells[i]` is the value of columns()[i]. NULL renders empty; nothing is trimmed.
  std::string Render(const std::vector<const Value*>& cells) const;

 private:
  struct Part {
    std::string literal;  // goes before the column
    int column = -1;      // index into columns_; -1: literal only
  };
  int ColumnIndex(std::string_view name);

  std::vector<Part> parts_;
  std::vector<std::string> columns_;
  bool join_ = false;
};

// Whether the text is empty or white space only (ASCII and Unicode): such a text makes no point.
bool IsBlank(std::string_view text);

}  // namespace drift
