#include <algorithm>
#include <array>
#include <cctype>
#include <ostream>

#include "client/print.h"
#include "client/reflect.h"

namespace drift::client {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Text that YAML reads as a string without quotes. Rather too few than too many.
bool IsPlain(const std::string& text) {
  static constexpr std::array<std::string_view, 9> kWords = {"true", "false", "null", "yes", "no",
                                                             "on",   "off",   "y",    "n"};
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '/')) {
    return false;
  }
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("_-./+").find(c) != std::string_view::npos;
  });
}

std::string Scalar(const Message& message, const FieldDescriptor* field, int index) {
  std::string text = ScalarText(message, field, index);
  const bool is_string = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  // A JSON string is a YAML string.
  return is_string && !IsPlain(text) ? JsonString(text) : text;
}

class Printer {
 public:
  explicit Printer(std::ostream& out) : out_(out) {}

  // `in_list`: its first field stands on the line of the dash.
  void PrintMessage(const Message& message, size_t indent, bool in_list) {
    const auto& type = *message.GetDescriptor();
    bool first = true;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor* field = type.field(i);
      if (IsAbsent(message, field)) continue;
      Start(first && in_list, indent);
      first = false;
      out_ << field->name() << ':';
      if (field->is_repeated()) {
        PrintRepeated(message, field, indent);
      } else {
        PrintValue(message, field, 0, indent, false);
      }
    }
    if (!first) return;
    Start(in_list, indent);
    out_ << "{}\n";
  }

 private:
  void Start(bool on_line_of_dash, size_t indent) {
    out_ << (on_line_of_dash ? std::string(" ") : std::string(indent, ' '));
  }

  void PrintRepeated(const Message& message, const FieldDescriptor* field, size_t indent) {
    const int size = message.GetReflection()->FieldSize(message, field);
    if (size == 0) {
      out_ << (field->is_map() ? " {}\n" : " []\n");
      return;
    }
    out_ << '\n';
    for (int i = 0; i < size; ++i) {
      Start(false, indent + 2);
      if (!field->is_map()) {
        out_ << '-';
        PrintValue(message, field, i, indent + 2, true);
        continue;
      }
      const Message& entry = message.GetReflection()->GetRepeatedMessage(message, field, i);
      out_ << Scalar(entry, entry.GetDescriptor()->map_key(), 0) << ':';
      PrintValue(entry, entry.GetDescriptor()->map_value(), 0, indent + 2, false);
    }
  }

  // What stands behind "key:" or "-".
  void PrintValue(const Message& message, const FieldDescriptor* field, int index, size_t indent,
                  bool in_list) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      out_ << ' ' << Scalar(message, field, index) << '\n';
      return;
    }
    const auto& reflection = *message.GetReflection();
    const Message& value = field->is_repeated()
                               ? reflection.GetRepeatedMessage(message, field, index)
                               : reflection.GetMessage(message, field);
    if (IsWellKnown(value.GetDescriptor())) {
      out_ << ' ' << CompactJson(value) << '\n';
      return;
    }
    if (!in_list) out_ << '\n';
    PrintMessage(value, indent + 2, in_list);
  }

  std::ostream& out_;
};

}  // namespace

void PrintYaml(std::ostream& out, const Message& message) {
  Printer(out).PrintMessage(message, 0, false);
}

}  // namespace drift::client
