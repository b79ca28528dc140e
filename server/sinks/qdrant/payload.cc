#include "sinks/qdrant/payload.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/encoding.h"
#include "base/json_text.h"
#include "base/time_text.h"
#include "net/json.h"
#include "sinks/qdrant/filter.h"

namespace drift::qdrant {
namespace {

// The server reads messages nested to 100 levels; a JSON level takes up to three of them.
constexpr int kMaxJsonDepth = 30;

Status EncodeJson(const JsonView& json, int depth, pb::Value& out);

Status EncodeObject(const JsonView& json, int depth, pb::Value& out) {
  auto& fields = *out.mutable_struct_value()->mutable_fields();
  for (const std::string_view name : json.Names()) {
    pb::Value& member = fields[std::string(name)];
    if (const auto value = json.Find(name)) {
      RETURN_IF_ERROR(EncodeJson(*value, depth + 1, member));
    } else {
      member.set_null_value(pb::NULL_VALUE);
    }
  }
  return OkStatus();
}

Status EncodeArray(const JsonView& json, int depth, pb::Value& out) {
  pb::ListValue& list = *out.mutable_list_value();
  for (size_t i = 0; i < json.size(); ++i) {
    RETURN_IF_ERROR(EncodeJson(json[i], depth + 1, *list.add_values()));
  }
  return OkStatus();
}

Status EncodeNumber(const JsonView& json, pb::Value& out) {
  if (const auto integer = json.Int(); integer.ok()) {
    out.set_integer_value(*integer);
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const double number, json.Number());
  out.set_double_value(number);
  return OkStatus();
}

Status EncodeJson(const JsonView& json, int depth, pb::Value& out) {
  if (depth > kMaxJsonDepth) {
    return InvalidArgument("nested deeper than {} levels, which Qdrant cannot take", kMaxJsonDepth);
  }
  switch (json.type()) {
    case JsonType::kObject:
      return EncodeObject(json, depth, out);
    case JsonType::kArray:
      return EncodeArray(json, depth, out);
    case JsonType::kNumber:
      return EncodeNumber(json, out);
    case JsonType::kString: {
      ASSIGN_OR_RETURN(const std::string_view text, json.String());
      out.set_string_value(std::string(text));
      return OkStatus();
    }
    case JsonType::kBool: {
      ASSIGN_OR_RETURN(const bool flag, json.Bool());
      out.set_bool_value(flag);
      return OkStatus();
    }
    case JsonType::kNull:
      break;
  }
  out.set_null_value(pb::NULL_VALUE);
  return OkStatus();
}

// The double that prints like the float: 0.1f is stored as 0.1, not as 0.10000000149.
double AsPrinted(float value) {
  std::string digits;
  AppendJsonNumber(digits, value, false);
  double out = value;
  std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return out;
}

void SetString(PayloadMap& fields, const char* name, std::string text) {
  fields[name].set_string_value(std::move(text));
}

void EncodeDriftFields(const std::string& source, const Point& point, pb::Value& out) {
  PayloadMap& fields = *out.mutable_struct_value()->mutable_fields();
  SetString(fields, "key", point.key);
  fields["chunk"].set_integer_value(point.chunk);
  SetString(fields, "source", source);
  fields["source_version"].set_integer_value(point.guard.version);
  fields["revision"].set_integer_value(point.guard.revision);
  SetString(fields, "run_id", point.run_id);
  SetString(fields, "model", point.model);
  SetString(fields, "text_sha256",
            HexEncode({reinterpret_cast<const char*>(point.text_sha256.data()),
                       point.text_sha256.size()}));
  SetString(fields, "embedded_at", FormatTime(point.embedded_at));
}

void EncodeVector(const Vector& vector, pb::PointStruct& out) {
  auto& data = *out.mutable_vectors()->mutable_vector()->mutable_dense()->mutable_data();
  data.Resize(static_cast<int>(vector.size()), 0.0f);
  std::memcpy(data.mutable_data(), vector.values().data(), vector.size() * sizeof(float));
}

std::string JsonOf(const pb::Value& value) {
  std::string out;
  AppendJson(out, DecodeValue(value));
  return out;
}

std::string ListJson(const pb::ListValue& list) {
  std::string out = "[";
  for (const pb::Value& item : list.values()) {
    if (out.size() > 1) out += ',';
    out += JsonOf(item);
  }
  return out + "]";
}

std::vector<const PayloadMap::value_type*> ByName(const PayloadMap& fields) {
  std::vector<const PayloadMap::value_type*> out;
  out.reserve(fields.size());
  for (const auto& field : fields) out.push_back(&field);
  std::sort(out.begin(), out.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  return out;
}

std::string StructJson(const pb::Struct& object) {
  std::string out = "{";
  for (const auto* field : ByName(object.fields())) {
    if (out.size() > 1) out += ',';
    AppendJsonString(out, field->first);
    out += ':';
    out += JsonOf(field->second);
  }
  return out + "}";
}

const pb::Value* Find(const PayloadMap& fields, const char* name) {
  const auto found = fields.find(name);
  return found == fields.end() ? nullptr : &found->second;
}

std::string StringField(const PayloadMap& fields, const char* name) {
  const pb::Value* value = Find(fields, name);
  return value == nullptr ? std::string() : value->string_value();
}

int64_t IntegerField(const PayloadMap& fields, const char* name) {
  const pb::Value* value = Find(fields, name);
  return value == nullptr ? 0 : value->integer_value();
}

void DecodeDriftFields(const PayloadMap& fields, Point& point) {
  point.key = StringField(fields, "key");
  point.chunk = static_cast<int32_t>(IntegerField(fields, "chunk"));
  point.guard.version = IntegerField(fields, "source_version");
  point.guard.revision = static_cast<int32_t>(IntegerField(fields, "revision"));
  point.run_id = StringField(fields, "run_id");
  point.model = StringField(fields, "model");
  if (const auto bytes = HexDecode(StringField(fields, "text_sha256"));
      bytes.ok() && bytes->size() == point.text_sha256.size()) {
    std::copy(bytes->begin(), bytes->end(), point.text_sha256.begin());
  }
  if (const auto time = ParseTime(StringField(fields, "embedded_at")); time.ok()) {
    point.embedded_at = *time;
  }
}

}  // namespace

Status EncodeValue(const Value& value, pb::Value& out) {
  if (IsNull(value)) {
    out.set_null_value(pb::NULL_VALUE);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    out.set_bool_value(*flag);
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    out.set_integer_value(*integer);
  } else if (const auto* number = std::get_if<double>(&value); number && std::isfinite(*number)) {
    out.set_double_value(*number);
  } else if (const auto* small = std::get_if<float>(&value); small && std::isfinite(*small)) {
    out.set_double_value(AsPrinted(*small));
  } else if (const auto* json = std::get_if<Json>(&value)) {
    ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(json->text));
    return EncodeJson(document.root(), 1, out);
  } else {
    AppendText(*out.mutable_string_value(), value);
  }
  return OkStatus();
}

Status CheckColumns(const Point& point) {
  for (const auto& [name, value] : point.payload) {
    if (name != kDriftField && (name != kTextField || !point.text)) continue;
    return WithRemedy(
        InvalidArgument("payload column '{}' would lie where Drift writes its own '{}'", name,
                        name),
        name == kTextField ? "leave it out of the payload, or set store_text: false"
                           : "leave it out of the payload");
  }
  return OkStatus();
}

Status EncodePoint(const std::string& source, const Point& point, pb::PointStruct& out) {
  out.mutable_id()->set_uuid(point.id.ToString());
  EncodeVector(point.vector, out);
  PayloadMap& payload = *out.mutable_payload();
  for (const auto& [name, value] : point.payload) {
    const Status status = EncodeValue(value, payload[name]);
    if (!status.ok()) return Annotate(status, fmt::format("payload column '{}'", name));
  }
  if (point.text) payload[std::string(kTextField)].set_string_value(*point.text);
  EncodeDriftFields(source, point, payload[std::string(kDriftField)]);
  return OkStatus();
}

Value DecodeValue(const pb::Value& value) {
  switch (value.kind_case()) {
    case pb::Value::kBoolValue:
      return value.bool_value();
    case pb::Value::kIntegerValue:
      return value.integer_value();
    case pb::Value::kDoubleValue:
      return value.double_value();
    case pb::Value::kStringValue:
      return value.string_value();
    case pb::Value::kListValue:
      return Json{ListJson(value.list_value())};
    case pb::Value::kStructValue:
      return Json{StructJson(value.struct_value())};
    default:
      return std::monostate();
  }
}

Point DecodePoint(const pb::PointId& id, const PayloadMap& payload) {
  Point point;
  if (const auto uuid = ParseUuid(id.uuid()); uuid.ok()) point.id = *uuid;
  if (const auto drift = payload.find(std::string(kDriftField)); drift != payload.end()) {
    DecodeDriftFields(drift->second.struct_value().fields(), point);
  }
  for (const auto* field : ByName(payload)) {
    if (field->first == kDriftField) continue;
    // A stored text and a payload column of that name share a place; the hash tells them apart.
    if (field->first == kTextField && Sha256(field->second.string_value()) == point.text_sha256) {
      point.text = field->second.string_value();
      continue;
    }
    point.payload.emplace_back(field->first, DecodeValue(field->second));
  }
  return point;
}

Vector DecodeVector(const pb::VectorsOutput& vectors) {
  const pb::VectorOutput& vector = vectors.vector();
  const auto& data = vector.has_dense() ? vector.dense().data() : vector.data();
  return Vector(std::vector<float>(data.begin(), data.end()));
}

}  // namespace drift::qdrant
