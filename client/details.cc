#include "client/details.h"

#include <ostream>

#include "client/text_width.h"

namespace drift::client {
namespace {

constexpr size_t kNameWidth = 12;
constexpr std::string_view kIndent = "  ";

}  // namespace

void Details::Add(std::string_view name, std::string_view value) {
  const std::string head = std::string(kIndent) + PadRight(std::string(name), kNameWidth);
  session_.host().out << head << Wrap(Printable(value), session_.width(), DisplayWidth(head))
                      << '\n';
}

}  // namespace drift::client
