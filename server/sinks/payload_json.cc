#include "sinks/payload_json.h"

#include "core/key.h"
#include "net/json.h"

namespace drift {
namespace {

Value ToValue(const JsonView& json) {
  switch (json.type()) {
    case JsonType::kNull:
      return std::monostate();
    case JsonType::kBool:
      return json.Bool().value_or(false);
    case JsonType::kNumber:
      if (const auto integer = json.Int(); integer.ok()) return *integer;
      return json.Number().value_or(0);
    case JsonType::kString:
      return std::string(json.String().value_or(""));
    case JsonType::kArray:
    case JsonType::kObject:
      break;
  }
  return Json{json.Dump()};
}

}  // namespace

StatusOr<Payload> PayloadFromJson(std::string_view text) {
  ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(text));
  const JsonView root = document.root();
  RETURN_IF_ERROR(root.CheckObject());
  Payload out;
  for (const std::string_view name : root.Names()) {
    const auto member = root.Find(name);  // nullopt: null
    out.emplace_back(std::string(name), member ? ToValue(*member) : Value());
  }
  return out;
}

std::string CanonicalKeyFromJson(std::string_view text) {
  const auto document = JsonDocument::Parse(text);
  if (!document.ok() || !document->root().is_array()) return std::string(text);
  std::vector<Value> cells;
  for (size_t i = 0; i < document->root().size(); ++i) {
    cells.push_back(ToValue(document->root()[i]));
  }
  return CanonicalKey(cells);
}

}  // namespace drift
