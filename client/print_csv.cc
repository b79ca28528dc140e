#include <ostream>
#include <vector>

#include "client/print.h"
#include "client/reflect.h"

namespace drift::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The way from a row to one column.
using Path = std::vector<const FieldDescriptor*>;

// RFC 4180.
std::string Quoted(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

bool IsNested(const FieldDescriptor* field) {
  return !field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         !IsWellKnown(field->message_type());
}

void Collect(const Descriptor* type, const Path& prefix, std::vector<Path>& columns) {
  for (int i = 0; i < type->field_count(); ++i) {
    Path path = prefix;
    path.push_back(type->field(i));
    if (IsNested(type->field(i))) {
      Collect(type->field(i)->message_type(), path, columns);
    } else {
      columns.push_back(std::move(path));
    }
  }
}

std::string Name(const Path& path) {
  std::string name;
  for (const FieldDescriptor* field : path) name += (name.empty() ? "" : ".") + field->name();
  return name;
}

std::string ElementJson(const Message& message, const FieldDescriptor* field, int index) {
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const Message& value = message.GetReflection()->GetRepeatedMessage(message, field, index);
    if (!field->is_map()) return CompactJson(value);
    return JsonString(ScalarText(value, value.GetDescriptor()->map_key(), 0)) + ":" +
           JsonString(ScalarText(value, value.GetDescriptor()->map_value(), 0));
  }
  const std::string text = ScalarText(message, field, index);
  return field->cpp_type() == FieldDescriptor::CPPTYPE_STRING ? JsonString(text) : text;
}

std::string Value(const Message& message, const FieldDescriptor* field) {
  if (IsAbsent(message, field)) return "";
  if (field->is_repeated()) {
    std::string out = field->is_map() ? "{" : "[";
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      out += (i == 0 ? "" : ",") + ElementJson(message, field, i);
    }
    return out + (field->is_map() ? "}" : "]");
  }
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return ScalarText(message, field, 0);
  const std::string json = CompactJson(message.GetReflection()->GetMessage(message, field));
  const bool is_string = json.size() >= 2 && json.starts_with('"');
  return is_string ? json.substr(1, json.size() - 2) : json;
}

std::string CellText(const Message& row, const Path& path) {
  const Message* at = &row;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    if (IsAbsent(*at, path[i])) return "";
    at = &at->GetReflection()->GetMessage(*at, path[i]);
  }
  return Value(*at, path.back());
}

const FieldDescriptor* ListField(const Descriptor* type) {
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return field;
  }
  return nullptr;
}

}  // namespace

void PrintCsv(std::ostream& out, const Message& message) {
  const FieldDescriptor* list = ListField(message.GetDescriptor());
  std::vector<const Message*> rows = {&message};
  const Descriptor* type = message.GetDescriptor();
  if (list != nullptr) {
    rows.clear();
    type = list->message_type();
    for (int i = 0; i < message.GetReflection()->FieldSize(message, list); ++i) {
      rows.push_back(&message.GetReflection()->GetRepeatedMessage(message, list, i));
    }
  }
  std::vector<Path> columns;
  Collect(type, {}, columns);
  const auto print_line = [&](const auto& cell) {
    for (size_t i = 0; i < columns.size(); ++i)
      out << (i == 0 ? "" : ",") << Quoted(cell(columns[i]));
    out << '\n';
  };
  print_line(Name);
  for (const Message* row : rows) {
    print_line([row](const Path& path) { return CellText(*row, path); });
  }
}

}  // namespace drift::client
