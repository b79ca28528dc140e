// What yaml.h reads: the parsed document as a tree of our own. Internal to server/config.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/problems.h"
#include "config/yaml.h"

namespace drift::yaml_internal {

struct Node {
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };
  struct Entry {
    std::string key;
    Place key_place;
    std::shared_ptr<Node> value;
  };

  Kind kind = Kind::kNull;
  Place place;
  size_t start = 0;     // byte of the source where it starts, its anchor and tag included
  bool quoted = false;  // or a block: always a string
  bool block = false;   // of a list: written with dashes
  bool open = false;    // still being parsed
  bool broken = false;  // interpolation went wrong, and was reported
  std::string text;     // of a scalar, after interpolation

  // Of a scalar that holds something from the environment: the text before, and for each byte of
  // `text` the byte of `written` it came from.
  bool from_environment = false;
  std::string written;
  std::vector<uint32_t> origins;

  std::vector<std::shared_ptr<Node>> items;
  std::vector<Entry> entries;
};

struct Text {
  std::string file;
  std::string source;
  std::vector<size_t> line_starts;  // bytes
  std::shared_ptr<Node> root;

  // Line and column counted from 0, in bytes, as the parser gives them.
  size_t ByteAt(int line, int byte_column) const;
  Place PlaceAt(size_t byte) const;
  // Where byte `offset` of a scalar's text stands in the source; the scalar's start where that is
  // hard to say (blocks, texts over several lines).
  Place PlaceInScalar(const Node& node, size_t offset) const;
  // Whether a scalar that starts with a quote ends with one.
  bool IsClosed(const Node& node) const;
};

// Fills text.root. False: malformed, and reported.
bool ParseTree(Text& text, Problems& problems);

// Replaces ${NAME} in all scalars; reports variables that are not set.
void Interpolate(Text& text, const EnvLookup& environment, Problems& problems);

// "a.b", "[0]", "a['x.y']".
std::string ChildPath(const std::string& parent, std::string_view key);
std::string ItemPath(const std::string& parent, size_t index);

}  // namespace drift::yaml_internal
