// Typed reading of YAML (and of JSON, which is a subset of it). Every mistake is reported with its
// place and reading goes on, so that a person sees all of them at once:
//
//   Problems problems;
//   auto document = YamlDocument::Parse("driftd.yaml", text, ProcessEnvironment(), problems);
//   if (document) {
//     YamlMap root = document->root(problems).Map();
//     YamlMap server = root["server"].Map();
//     server["grpc_listen"].Read(config.grpc_listen);        // left as it is when absent
//     server["shutdown_grace_secs"].Read(config.grace, 0, 3600);
//     server.RefuseOthers();                                  // unknown keys
//     root.RefuseOthers();
//   }
//   if (!problems.empty()) ...
//
// In any scalar ${NAME} and ${NAME:-default} stand for environment variables; $${ is a plain ${.
// Anchors, aliases and merge keys (<<) work; keys given twice, other tags and several documents in
// one file are mistakes. Shown() never repeats what came
// from the environment, which may be a secret.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/problems.h"

namespace drift {

namespace yaml_internal {
struct Node;
struct Text;
}  // namespace yaml_internal

// The value of an environment variable; nullopt: not set.
using EnvLookup = std::function<std::optional<std::string>(const std::string& name)>;
EnvLookup ProcessEnvironment();
// For texts from elsewhere, which must not read the daemon's environment: ${NAME} is a mistake
// then.
inline EnvLookup NoEnvironment() {
  return nullptr;
}

class YamlMap;

// One value, or its absence. Copied freely; valid while its document and the Problems live.
// Read() stores a value that is there and right, and otherwise leaves `out` alone: absent is fine,
// wrong is reported. Returns whether it stored.
class YamlValue {
 public:
  // False: absent, or null.
  bool exists() const;
  bool is_string() const;
  bool is_list() const;
  bool is_map() const;
  const std::string& path() const { return path_; }

  bool Read(std::string& out) const;
  bool Read(bool& out) const;
  bool Read(int64_t& out, int64_t min, int64_t max = std::numeric_limits<int64_t>::max()) const;
  bool Read(int32_t& out, int32_t min, int32_t max = std::numeric_limits<int32_t>::max()) const;
  bool Read(double& out, double min, double max) const;
  // A list of strings, none of them empty or twice.
  bool Read(std::vector<std::string>& out) const;

  // One word of a fixed set; the message of another lists them.
  template <typename T>
  bool ReadWord(T& out, std::initializer_list<std::pair<std::string_view, T>> words) const {
    std::vector<std::string> known;
    for (const auto& [word, value] : words) known.emplace_back(word);
    const std::optional<size_t> index = ReadWordIndex(known);
    if (index) out = words.begin()[*index].second;
    return index.has_value();
  }

  // The elements; empty if absent, or reported if it is no list.
  std::vector<YamlValue> List() const;
  // The mapping; an empty one if absent, or reported if it is no mapping.
  YamlMap Map() const;

  // What a path below this value leads to: "chunking.size", "payload[2]".
  YamlValue At(std::string_view path) const;

  // Reports at this value (for an absent one: at the mapping that lacks it). `offset` is a byte of
  // the string Read() gives, where that much is known.
  void Problem(std::string_view message, size_t offset = 0) const;
  // What may be said of the value in a message: 'abc' in quotes, or the ${NAME} it came from.
  std::string Shown() const;
  Place place() const;

 private:
  friend class YamlDocument;
  friend class YamlMap;
  YamlValue(const yaml_internal::Text* text, const yaml_internal::Node* node, std::string path,
            Problems* problems)
      : text_(text), node_(node), path_(std::move(path)), problems_(problems) {}

  std::optional<size_t> ReadWordIndex(const std::vector<std::string>& known) const;
  bool CheckScalar(std::string_view expected) const;

  const yaml_internal::Text* text_;
  const yaml_internal::Node* node_;  // nullptr: absent
  std::string path_;
  Problems* problems_;
  Place parent_place_;
};

// A mapping whose keys are asked for one by one.
class YamlMap {
 public:
  // The value of `key`, which is known from now on.
  YamlValue operator[](std::string_view key);
  // The same; reports "missing" if it is absent.
  YamlValue Require(std::string_view key);

  // All keys with their values, in the order of the text: for mappings whose keys users choose.
  std::vector<std::pair<std::string, YamlValue>> Entries() const;

  // Reports each key that was not asked for, with what may have been meant.
  void RefuseOthers() const;
  // The same, with `known` instead of what was asked for.
  void RefuseOthers(const std::vector<std::string>& known) const;

  void ProblemAtKey(std::string_view key, std::string_view message) const;
  bool exists() const { return value_.exists(); }
  const YamlValue& value() const { return value_; }

 private:
  friend class YamlValue;
  explicit YamlMap(YamlValue value) : value_(std::move(value)) {}
  std::string PathOf(std::string_view key) const;

  YamlValue value_;  // a mapping, or absent
  std::vector<std::string> asked_;
};

// A parsed text. Read by one thread at a time.
class YamlDocument {
 public:
  // nullopt: malformed, and reported. `file` is for messages. Interpolation mistakes are reported
  // too, but do not make it nullopt. An empty text is an empty mapping.
  static std::optional<YamlDocument> Parse(std::string file, std::string text,
                                           const EnvLookup& environment, Problems& problems);
  YamlDocument(YamlDocument&&) noexcept;
  YamlDocument& operator=(YamlDocument&&) noexcept;
  ~YamlDocument();

  // Complains to `problems`, which must outlive the values.
  YamlValue root(Problems& problems) const;

 private:
  explicit YamlDocument(std::unique_ptr<yaml_internal::Text> text);
  std::unique_ptr<yaml_internal::Text> text_;
};

}  // namespace drift
