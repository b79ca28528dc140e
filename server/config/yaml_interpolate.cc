#include <cctype>
#include <cstdlib>
#include <set>

#include "config/yaml_tree.h"

namespace drift {

EnvLookup ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

namespace yaml_internal {
namespace {

constexpr std::string_view kOpen = "${";
constexpr std::string_view kEscaped = "$${";
constexpr std::string_view kDefault = ":-";

// What stands between ${ and }.
struct Reference {
  std::string name;
  std::optional<std::string> fallback;
  size_t length = 0;  // of the whole, braces included
};

std::optional<Reference> ReadReference(std::string_view text) {
  Reference out;
  size_t at = kOpen.size();
  const auto is_name = [&](char c) {
    return c == '_' || std::isalpha(static_cast<unsigned char>(c)) ||
           (at > kOpen.size() && std::isdigit(static_cast<unsigned char>(c)));
  };
  while (at < text.size() && is_name(text[at])) out.name.push_back(text[at++]);
  if (out.name.empty()) return std::nullopt;
  const size_t close = text.find('}', at);
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at, close - at);
  if (!rest.empty() && !rest.starts_with(kDefault)) return std::nullopt;
  if (!rest.empty()) out.fallback = rest.substr(kDefault.size());
  out.length = close + 1;
  return out;
}

class Interpolator {
 public:
  Interpolator(Text& text, const EnvLookup& environment, Problems& problems)
      : text_(text), environment_(environment), problems_(problems) {}

  void Visit(Node& node, const std::string& path) {
    // Aliases share nodes: each is looked at once.
    if (!visited_.insert(&node).second) return;
    if (node.kind == Node::Kind::kScalar) Replace(node, path);
    for (size_t i = 0; i < node.items.size(); ++i) Visit(*node.items[i], ItemPath(path, i));
    for (Node::Entry& entry : node.entries) Visit(*entry.value, ChildPath(path, entry.key));
  }

 private:
  void Replace(Node& node, const std::string& path) {
    if (node.text.find(kOpen) == std::string::npos) return;
    const std::string written = node.text;
    std::string out;
    std::vector<uint32_t> origins;
    const auto append = [&](std::string_view part, size_t origin, bool advances) {
      for (const char c : part) {
        out.push_back(c);
        origins.push_back(static_cast<uint32_t>(origin));
        if (advances) ++origin;
      }
    };
    for (size_t at = 0; at < written.size();) {
      const std::string_view rest = std::string_view(written).substr(at);
      if (rest.starts_with(kEscaped)) {
        append(kOpen, at + 1, true);
        at += kEscaped.size();
      } else if (rest.starts_with(kOpen)) {
        const std::optional<Reference> reference = ReadReference(rest);
        if (!reference) {
          problems_.Add(text_.file, text_.PlaceInScalar(node, at), path,
                        "'${' must be followed by NAME} or NAME:-default}; $${ is a plain ${");
          node.broken = true;
          return;
        }
        const auto value = ValueOf(*reference, text_.PlaceInScalar(node, at), path);
        node.broken = node.broken || !value;
        append(value.value_or(""), at, false);
        at += reference->length;
      } else {
        append(rest.substr(0, 1), at, true);
        ++at;
      }
    }
    node.from_environment = true;
    node.written = written;
    node.origins = std::move(origins);
    node.text = std::move(out);
  }

  // nullopt: there is none, and it was reported.
  std::optional<std::string> ValueOf(const Reference& reference, Place place,
                                     const std::string& path) {
    if (environment_ == nullptr) {
      problems_.Add(text_.file, place, path,
                    fmt::format("${{{}}} would read the daemon's environment, which is for its own "
                                "configuration; write the value (a secret as env:NAME)",
                                reference.name));
      return std::nullopt;
    }
    const std::optional<std::string> value = environment_(reference.name);
    if (value && (!value->empty() || !reference.fallback)) return value;
    if (reference.fallback) return reference.fallback;
    problems_.Add(
        text_.file, place, path,
        fmt::format("environment variable {0} is not set; set it or write ${{{0}:-default}}",
                    reference.name));
    return std::nullopt;
  }

  Text& text_;
  const EnvLookup& environment_;
  Problems& problems_;
  std::set<const Node*> visited_;
};

}  // namespace

void Interpolate(Text& text, const EnvLookup& environment, Problems& problems) {
  Interpolator(text, environment, problems).Visit(*text.root, "");
}

}  // namespace yaml_internal
}  // namespace drift
