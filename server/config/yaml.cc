#include "config/yaml.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/suggest.h"
#include "config/yaml_tree.h"

namespace drift {

using yaml_internal::Node;

namespace yaml_internal {

std::string ChildPath(const std::string& parent, std::string_view key) {
  const bool plain = !key.empty() && key.find_first_of(".[]' ") == std::string_view::npos;
  if (!plain) return fmt::format("{}['{}']", parent, key);
  return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

std::string ItemPath(const std::string& parent, size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

}  // namespace yaml_internal

namespace {

constexpr size_t kLongestShown = 60;

std::string_view KindName(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "a single value";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a mapping";
  }
  return "";
}

// The unit a key's name ends with, for messages.
std::string_view UnitOf(std::string_view path) {
  if (path.ends_with("_secs")) return " of seconds";
  if (path.ends_with("_bytes")) return " of bytes";
  return "";
}

std::string NumberText(double value) {
  return value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{:g}", value);
}

std::string Bounds(std::string_view min, std::string_view max, bool bounded) {
  return bounded ? fmt::format("between {} and {}", min, max) : fmt::format("at least {}", min);
}

}  // namespace

// ---- YamlValue ----

bool YamlValue::exists() const {
  return node_ != nullptr && node_->kind != Node::Kind::kNull;
}
bool YamlValue::is_string() const {
  return exists() && node_->kind == Node::Kind::kScalar;
}
bool YamlValue::is_list() const {
  return exists() && node_->kind == Node::Kind::kList;
}
bool YamlValue::is_map() const {
  return exists() && node_->kind == Node::Kind::kMap;
}

Place YamlValue::place() const {
  return node_ == nullptr ? parent_place_ : node_->place;
}

void YamlValue::Problem(std::string_view message, size_t offset) const {
  const Place at = is_string() && offset > 0 ? text_->PlaceInScalar(*node_, offset) : place();
  problems_->Add(text_->file, at, path_, message);
}

std::string YamlValue::Shown() const {
  if (!is_string()) return node_ == nullptr ? "nothing" : std::string(KindName(*node_));
  std::string text = node_->from_environment ? node_->written : node_->text;
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > kLongestShown) text = text.substr(0, kLongestShown) + "...";
  return fmt::format("'{}'", text);
}

bool YamlValue::CheckScalar(std::string_view expected) const {
  if (!exists() || node_->broken) return false;
  if (node_->kind == Node::Kind::kScalar) return true;
  Problem(fmt::format("must be {}, not {}", expected, KindName(*node_)));
  return false;
}

bool YamlValue::Read(std::string& out) const {
  if (is_map()) {
    // A template written without quotes: {title} is a mapping to YAML.
    Problem("must be a text, not a mapping; put it in quotes if it starts with '{'");
    return false;
  }
  if (!CheckScalar("a text")) return false;
  out = node_->text;
  return true;
}

bool YamlValue::Read(bool& out) const {
  if (!CheckScalar("true or false")) return false;
  const bool typed = !node_->quoted || node_->from_environment;
  if (!typed || (node_->text != "true" && node_->text != "false")) {
    Problem(fmt::format("must be true or false, not {}", Shown()));
    return false;
  }
  out = node_->text == "true";
  return true;
}

bool YamlValue::Read(int64_t& out, int64_t min, int64_t max) const {
  const std::string expected = fmt::format("a whole number{}", UnitOf(path_));
  if (!CheckScalar(expected)) return false;
  const std::string& text = node_->text;
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool complete = parsed.ptr == text.data() + text.size() && !text.empty();
  const bool typed = !node_->quoted || node_->from_environment;
  if (!complete || !typed || parsed.ec == std::errc::invalid_argument) {
    Problem(fmt::format("must be {}, not {}", expected, Shown()));
    return false;
  }
  if (parsed.ec != std::errc() || number < min || number > max) {
    const bool bounded = max < std::numeric_limits<int32_t>::max();
    Problem(fmt::format("must be {}, not {}",
                        Bounds(std::to_string(min), std::to_string(max), bounded), Shown()));
    return false;
  }
  out = number;
  return true;
}

bool YamlValue::Read(int32_t& out, int32_t min, int32_t max) const {
  int64_t number = 0;
  if (!Read(number, int64_t{min}, int64_t{max})) return false;
  out = static_cast<int32_t>(number);
  return true;
}

bool YamlValue::Read(double& out, double min, double max) const {
  if (!CheckScalar("a number")) return false;
  const std::string& text = node_->text;
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool complete = parsed.ptr == text.data() + text.size() && parsed.ec == std::errc();
  const bool typed = !node_->quoted || node_->from_environment;
  if (!complete || !typed || !std::isfinite(number)) {
    Problem(fmt::format("must be a number, not {}", Shown()));
    return false;
  }
  if (number < min || number > max) {
    const bool bounded = std::isfinite(max);
    Problem(fmt::format("must be {}, not {}", Bounds(NumberText(min), NumberText(max), bounded),
                        Shown()));
    return false;
  }
  out = number;
  return true;
}

bool YamlValue::Read(std::vector<std::string>& out) const {
  if (!exists()) return false;
  if (is_string()) {
    Problem(fmt::format("must be a list; write [{}]", Shown()));
    return false;
  }
  std::vector<std::string> list;
  bool good = is_list();
  for (const YamlValue& item : List()) {
    std::string text;
    if (!item.exists()) item.Problem("is empty");
    bool fine = item.Read(text);
    if (fine && text.empty()) item.Problem("is empty");
    if (fine && std::find(list.begin(), list.end(), text) != list.end()) {
      item.Problem(fmt::format("{} is listed twice", item.Shown()));
      fine = false;
    }
    good = good && fine && !text.empty();
    list.push_back(std::move(text));
  }
  if (good) out = std::move(list);
  return good;
}

std::optional<size_t> YamlValue::ReadWordIndex(const std::vector<std::string>& known) const {
  std::string word;
  if (!exists() || !Read(word)) return std::nullopt;
  const auto found = std::find(known.begin(), known.end(), word);
  if (found != known.end()) return static_cast<size_t>(found - known.begin());
  Problem(fmt::format("unknown value {}{}", Shown(), DidYouMean(word, known)));
  return std::nullopt;
}

std::vector<YamlValue> YamlValue::List() const {
  std::vector<YamlValue> out;
  if (!exists()) return out;
  if (!is_list()) {
    Problem(fmt::format("must be a list, not {}", KindName(*node_)));
    return out;
  }
  for (size_t i = 0; i < node_->items.size(); ++i) {
    YamlValue item(text_, node_->items[i].get(), yaml_internal::ItemPath(path_, i), problems_);
    item.parent_place_ = place();
    out.push_back(std::move(item));
  }
  return out;
}

YamlMap YamlValue::Map() const {
  if (!exists() || is_map()) return YamlMap(*this);
  Problem(fmt::format("must be a mapping, not {}", KindName(*node_)));
  YamlValue nothing = *this;
  nothing.parent_place_ = place();
  nothing.node_ = nullptr;
  return YamlMap(std::move(nothing));
}

YamlValue YamlValue::At(std::string_view path) const {
  if (path.empty()) return *this;
  if (path[0] == '.') path.remove_prefix(1);
  if (path[0] == '[') {
    size_t index = 0;
    const auto parsed = std::from_chars(path.data() + 1, path.data() + path.size(), index);
    const std::string_view rest = path.substr(static_cast<size_t>(parsed.ptr - path.data()) + 1);
    const std::vector<YamlValue> items = is_list() ? List() : std::vector<YamlValue>();
    return index < items.size() ? items[index].At(rest) : *this;
  }
  const size_t end = std::min(path.find_first_of(".["), path.size());
  YamlMap map(*this);
  return map[path.substr(0, end)].At(path.substr(end));
}

// ---- YamlMap ----

std::string YamlMap::PathOf(std::string_view key) const {
  return yaml_internal::ChildPath(value_.path_, key);
}

YamlValue YamlMap::operator[](std::string_view key) {
  asked_.emplace_back(key);
  YamlValue out(value_.text_, nullptr, PathOf(key), value_.problems_);
  // Of a mapping written over several lines that is where its first key stands.
  out.parent_place_ = value_.place();
  if (!value_.is_map()) return out;
  for (const Node::Entry& entry : value_.node_->entries) {
    if (entry.key == key) out.node_ = entry.value.get();
  }
  return out;
}

YamlValue YamlMap::Require(std::string_view key) {
  YamlValue out = (*this)[key];
  if (!out.exists()) out.Problem("is missing");
  return out;
}

std::vector<std::pair<std::string, YamlValue>> YamlMap::Entries() const {
  std::vector<std::pair<std::string, YamlValue>> out;
  if (!value_.is_map()) return out;
  for (const Node::Entry& entry : value_.node_->entries) {
    YamlValue value(value_.text_, entry.value.get(), PathOf(entry.key), value_.problems_);
    value.parent_place_ = entry.key_place;
    out.emplace_back(entry.key, std::move(value));
  }
  return out;
}

void YamlMap::RefuseOthers() const {
  RefuseOthers(asked_);
}

void YamlMap::RefuseOthers(const std::vector<std::string>& known) const {
  if (!value_.is_map()) return;
  for (const Node::Entry& entry : value_.node_->entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    value_.problems_->Add(
        value_.text_->file, entry.key_place, value_.path_,
        fmt::format("unknown key '{}'{}", entry.key, DidYouMean(entry.key, known)));
  }
}

void YamlMap::ProblemAtKey(std::string_view key, std::string_view message) const {
  if (value_.is_map()) {
    for (const Node::Entry& entry : value_.node_->entries) {
      if (entry.key != key) continue;
      value_.problems_->Add(value_.text_->file, entry.key_place, PathOf(key), message);
      return;
    }
  }
  value_.Problem(message);
}

// ---- YamlDocument ----

YamlDocument::YamlDocument(std::unique_ptr<yaml_internal::Text> text) : text_(std::move(text)) {}
YamlDocument::YamlDocument(YamlDocument&&) noexcept = default;
YamlDocument& YamlDocument::operator=(YamlDocument&&) noexcept = default;
YamlDocument::~YamlDocument() = default;

std::optional<YamlDocument> YamlDocument::Parse(std::string file, std::string text,
                                                const EnvLookup& environment, Problems& problems) {
  auto parsed = std::make_unique<yaml_internal::Text>();
  parsed->file = std::move(file);
  parsed->source = std::move(text);
  if (!yaml_internal::ParseTree(*parsed, problems)) return std::nullopt;
  yaml_internal::Interpolate(*parsed, environment, problems);
  return YamlDocument(std::move(parsed));
}

YamlValue YamlDocument::root(Problems& problems) const {
  return YamlValue(text_.get(), text_->root.get(), "", &problems);
}

}  // namespace drift
