#include <google/protobuf/util/json_util.h>

#include <ostream>

#include "client/print.h"

namespace drift::client {
namespace {

std::string Json(const google::protobuf::Message& message, bool spread) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = spread;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  return status.ok() ? text : "{}";
}

}  // namespace

void PrintJson(std::ostream& out, const google::protobuf::Message& message) {
  std::string text = Json(message, true);
  while (text.ends_with('\n')) text.pop_back();
  out << text << '\n';
}

std::string CompactJson(const google::protobuf::Message& message) {
  return Json(message, false);
}

}  // namespace drift::client
