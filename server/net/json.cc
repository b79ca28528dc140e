#include "net/json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace drift {
namespace {

using Node = nlohmann::json;

// Deeper documents would make Dump() recurse without bound.
constexpr int kMaxDepth = 200;

const Node& As(const void* node) {
  return *static_cast<const Node*>(node);
}

JsonType TypeOf(const Node& node) {
  switch (node.type()) {
    case Node::value_t::boolean:
      return JsonType::kBool;
    case Node::value_t::number_integer:
    case Node::value_t::number_unsigned:
    case Node::value_t::number_float:
      return JsonType::kNumber;
    case Node::value_t::string:
      return JsonType::kString;
    case Node::value_t::array:
      return JsonType::kArray;
    case Node::value_t::object:
      return JsonType::kObject;
    default:
      return JsonType::kNull;
  }
}

std::string_view TypeName(const Node& node) {
  switch (TypeOf(node)) {
    case JsonType::kNull:
      return "null";
    case JsonType::kBool:
      return "a boolean";
    case JsonType::kNumber:
      return "a number";
    case JsonType::kString:
      return "a string";
    case JsonType::kArray:
      return "an array";
    case JsonType::kObject:
      return "an object";
  }
  return "nothing";
}

// Where nesting first exceeds the limit, counted without regard to whether the text is JSON.
std::optional<size_t> TooDeepAt(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return i;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return std::nullopt;
}

// Appends the way from `node` to `wanted`; false if it is not below. Only errors pay for the
// search.
bool AppendPath(const Node& node, const Node* wanted, std::string& path) {
  if (&node == wanted) return true;
  const size_t before = path.size();
  if (node.is_array()) {
    for (size_t i = 0; i < node.size(); ++i) {
      path += fmt::format("[{}]", i);
      if (AppendPath(node[i], wanted, path)) return true;
      path.resize(before);
    }
  } else if (node.is_object()) {
    for (auto it = node.begin(); it != node.end(); ++it) {
      if (!path.empty()) path += '.';
      path += it.key();
      if (AppendPath(it.value(), wanted, path)) return true;
      path.resize(before);
    }
  }
  return false;
}

std::string Joined(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

}  // namespace

JsonType JsonView::type() const {
  return TypeOf(As(node_));
}

Status JsonView::Expected(std::string_view what) const {
  const std::string path = Path();
  return InvalidArgument("{}: expected {}, found {}", path.empty() ? "the document" : path, what,
                         TypeName(As(node_)));
}

Status JsonView::Missing(std::string_view name) const {
  return InvalidArgument("{}: missing", Joined(Path(), name));
}

StatusOr<std::string_view> JsonView::String() const {
  if (!As(node_).is_string()) return Expected("a string");
  return std::string_view(As(node_).get_ref<const std::string&>());
}

StatusOr<int64_t> JsonView::Int() const {
  const Node& node = As(node_);
  if (node.is_number_unsigned() && node.get<uint64_t>() <= std::numeric_limits<int64_t>::max()) {
    return static_cast<int64_t>(node.get<uint64_t>());
  }
  if (node.is_number_integer() && !node.is_number_unsigned()) return node.get<int64_t>();
  if (node.is_number_float()) {
    const double value = node.get<double>();
    constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it doubles skip integers
    if (std::abs(value) <= kExact && std::trunc(value) == value) return static_cast<int64_t>(value);
  }
  return Expected("an integer");
}

StatusOr<double> JsonView::Number() const {
  if (!As(node_).is_number()) return Expected("a number");
  return As(node_).get<double>();
}

StatusOr<bool> JsonView::Bool() const {
  if (!As(node_).is_boolean()) return Expected("a boolean");
  return As(node_).get<bool>();
}

StatusOr<std::vector<float>> JsonView::Floats() const {
  RETURN_IF_ERROR(CheckArray());
  std::vector<float> out;
  out.reserve(As(node_).size());
  for (const Node& item : As(node_)) {
    if (!item.is_number()) return JsonView(root_, &item).Expected("a number");
    out.push_back(static_cast<float>(item.get<double>()));
  }
  return out;
}

Status JsonView::CheckArray() const {
  return is_array() ? OkStatus() : Expected("an array");
}

Status JsonView::CheckObject() const {
  return is_object() ? OkStatus() : Expected("an object");
}

std::optional<JsonView> JsonView::Find(std::string_view name) const {
  const Node& node = As(node_);
  if (!node.is_object()) return std::nullopt;
  const auto it = node.find(name);
  if (it == node.end() || it->is_null()) return std::nullopt;
  return JsonView(root_, &*it);
}

StatusOr<JsonView> JsonView::Get(std::string_view name) const {
  RETURN_IF_ERROR(CheckObject());
  auto found = Find(name);
  if (!found) return Missing(name);
  return *found;
}

StatusOr<std::string_view> JsonView::GetString(std::string_view name) const {
  ASSIGN_OR_RETURN(const JsonView member, Get(name));
  return member.String();
}

StatusOr<int64_t> JsonView::GetInt(std::string_view name) const {
  ASSIGN_OR_RETURN(const JsonView member, Get(name));
  return member.Int();
}

StatusOr<double> JsonView::GetNumber(std::string_view name) const {
  ASSIGN_OR_RETURN(const JsonView member, Get(name));
  return member.Number();
}

StatusOr<bool> JsonView::GetBool(std::string_view name) const {
  ASSIGN_OR_RETURN(const JsonView member, Get(name));
  return member.Bool();
}

std::string_view JsonView::FindString(std::string_view name) const {
  const auto member = Find(name);
  if (!member || !member->is_string()) return {};
  return As(member->node_).get_ref<const std::string&>();
}

std::vector<std::string_view> JsonView::Names() const {
  std::vector<std::string_view> out;
  if (!is_object()) return out;
  for (auto it = As(node_).begin(); it != As(node_).end(); ++it) out.push_back(it.key());
  return out;
}

size_t JsonView::size() const {
  return is_array() || is_object() ? As(node_).size() : 0;
}

JsonView JsonView::operator[](size_t index) const {
  return {root_, &As(node_)[index]};
}

std::string JsonView::Dump() const {
  return As(node_).dump();
}

std::string JsonView::Path() const {
  std::string path;
  AppendPath(As(root_), &As(node_), path);
  return path;
}

struct JsonDocument::Impl {
  Node root;
};

JsonDocument::JsonDocument(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

StatusOr<JsonDocument> JsonDocument::Parse(std::string_view text) {
  if (const auto deep = TooDeepAt(text)) {
    return InvalidArgument("not JSON: nested deeper than {} levels at byte {} of {}", kMaxDepth,
                           *deep, text.size());
  }
  auto impl = std::make_unique<Impl>();
  // The library's own messages quote what they read, so only the place is taken from them.
  try {
    impl->root = Node::parse(text);
  } catch (const Node::parse_error& error) {
    return InvalidArgument("not JSON: unexpected text at byte {} of {}", error.byte, text.size());
  } catch (const Node::out_of_range&) {
    return InvalidArgument("not JSON: a number is out of range");
  } catch (const std::exception&) {
    return InvalidArgument("not JSON: it cannot be read");
  }
  return JsonDocument(std::move(impl));
}

JsonView JsonDocument::root() const {
  return {&impl_->root, &impl_->root};
}

}  // namespace drift
