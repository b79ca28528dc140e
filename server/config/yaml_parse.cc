// The only file that sees yaml-cpp.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "base/utf8.h"
#include "config/yaml_tree.h"

namespace drift::yaml_internal {
namespace {

constexpr std::string_view kMergeKey = "<<";
constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsNullWord(std::string_view text) {
  constexpr std::array<std::string_view, 5> kWords = {"", "~", "null", "Null", "NULL"};
  return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

// yaml-cpp calls it with what it meets, in the order of the text.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Text& text, Problems& problems) : text_(text), problems_(problems) {}

  bool failed() const { return failed_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) Fail(PlaceOf(mark), "'---' starts another document; one is expected");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(NewNode(mark, Node::Kind::kNull, anchor));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::shared_ptr<Node>& node = anchors_[anchor];
    if (node == nullptr || node->open) {
      Fail(PlaceOf(mark), "the alias stands inside what it refers to");
      Add(NewNode(mark, Node::Kind::kNull, 0));
      return;
    }
    Add(node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool quoted = tag == "!" || tag == kStringTag;
    if (!quoted) RefuseTag(mark, tag);
    const bool is_null = !quoted && IsNullWord(value);
    auto node = NewNode(mark, is_null ? Node::Kind::kNull : Node::Kind::kScalar, anchor);
    node->quoted = quoted;
    node->text = value;
    if (!text_.IsClosed(*node)) Fail(node->place, "the quote that starts here is not closed");
    Add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    RefuseTag(mark, tag);
    auto node = NewNode(mark, Node::Kind::kList, anchor);
    node->block = style == YAML::EmitterStyle::Block;
    Open(std::move(node));
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    RefuseTag(mark, tag);
    Open(NewNode(mark, Node::Kind::kMap, anchor));
  }
  void OnMapEnd() override {
    Merge(*open_.back().node);
    Close();
  }

 private:
  struct OpenNode {
    std::shared_ptr<Node> node;
    std::shared_ptr<Node> key;  // of a mapping, waiting for its value
  };

  Place PlaceOf(const YAML::Mark& mark) const {
    return text_.PlaceAt(text_.ByteAt(mark.line, mark.column));
  }

  void Fail(Place place, std::string_view message) {
    failed_ = true;
    problems_.Add(text_.file, place, "", message);
  }

  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
    Fail(PlaceOf(mark), "a tag (!...) has no meaning here");
  }

  std::shared_ptr<Node> NewNode(const YAML::Mark& mark, Node::Kind kind, YAML::anchor_t anchor) {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->start = text_.ByteAt(mark.line, mark.column);
    node->place = text_.PlaceAt(node->start);
    if (anchor != 0) anchors_[anchor] = node;
    return node;
  }

  void Open(std::shared_ptr<Node> node) {
    node->open = true;
    Add(node);
    open_.push_back({std::move(node), nullptr});
  }

  void Close() {
    open_.back().node->open = false;
    open_.pop_back();
  }

  void Add(std::shared_ptr<Node> node) {
    if (open_.empty()) {
      text_.root = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    if (parent.node->kind == Node::Kind::kList) {
      // As in AddEntry.
      if (parent.node->block && node->kind == Node::Kind::kNull) node->place = parent.node->place;
      parent.node->items.push_back(std::move(node));
    } else if (parent.key == nullptr) {
      if (node->kind != Node::Kind::kScalar) Fail(node->place, "a key must be a plain word");
      parent.key = std::move(node);
    } else {
      AddEntry(*parent.node, *parent.key, std::move(node));
      parent.key = nullptr;
    }
  }

  void AddEntry(Node& map, const Node& key, std::shared_ptr<Node> value) {
    // The parser puts an absent value where the next thing starts, which may be lines below.
    if (value->kind == Node::Kind::kNull) value->place = key.place;
    for (const Node::Entry& entry : map.entries) {
      if (entry.key != key.text || entry.key == kMergeKey) continue;
      Fail(key.place, fmt::format("key '{}' is given twice; the first is in line {}", key.text,
                                  entry.key_place.line));
      return;
    }
    map.entries.push_back({key.text, key.place, std::move(value)});
  }

  // YAML 1.1 merge keys: what the mapping says itself wins over what is merged into it.
  void Merge(Node& map) {
    std::vector<Node::Entry> merges;
    for (auto entry = map.entries.begin(); entry != map.entries.end();) {
      const bool is_merge = entry->key == kMergeKey;
      if (is_merge) merges.push_back(std::move(*entry));
      entry = is_merge ? map.entries.erase(entry) : entry + 1;
    }
    for (const Node::Entry& merge : merges) {
      std::vector<std::shared_ptr<Node>> sources = {merge.value};
      if (merge.value->kind == Node::Kind::kList) sources = merge.value->items;
      for (const auto& source : sources) {
        if (source->kind != Node::Kind::kMap) {
          Fail(merge.key_place, "'<<' merges a mapping, or a list of mappings");
          continue;
        }
        for (const Node::Entry& entry : source->entries) AddIfAbsent(map, entry);
      }
    }
  }

  static void AddIfAbsent(Node& map, const Node::Entry& entry) {
    const auto same = [&](const Node::Entry& other) { return other.key == entry.key; };
    if (std::none_of(map.entries.begin(), map.entries.end(), same)) map.entries.push_back(entry);
  }

  Text& text_;
  Problems& problems_;
  std::vector<OpenNode> open_;
  std::map<YAML::anchor_t, std::shared_ptr<Node>> anchors_;
  int documents_ = 0;
  bool failed_ = false;
};

// The parser takes byte 4 for the end of the text and does not look at encodings.
bool CheckBytes(const Text& text, Problems& problems) {
  std::string_view rest = text.source;
  while (!rest.empty()) {
    const auto place = [&] { return text.PlaceAt(text.source.size() - rest.size()); };
    const size_t length = Utf8SequenceLength(rest);
    if (length == 0) {
      problems.Add(text.file, place(), "", "not UTF-8; save the file in that encoding");
      return false;
    }
    const auto byte = static_cast<unsigned char>(rest[0]);
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') {
      problems.Add(text.file, place(), "", fmt::format("control character U+{:04X}", byte));
      return false;
    }
    rest.remove_prefix(length);
  }
  return true;
}

// The parser trips over a tab only later, and says something else then.
void ReportMalformed(const Text& text, const YAML::Exception& error, Problems& problems) {
  const size_t byte = text.ByteAt(error.mark.line, error.mark.column);
  for (const size_t start : text.line_starts) {
    if (start > byte) break;
    const size_t indent = text.source.find_first_not_of(" \t", start);
    const size_t tab = text.source.find('\t', start);
    if (tab != std::string::npos && (indent == std::string::npos || tab < indent)) {
      problems.Add(text.file, text.PlaceAt(tab), "",
                   "not YAML: a tab indents this line; use spaces");
      return;
    }
  }
  const size_t begin = byte == 0 ? 0 : text.source.rfind('\n', byte - 1) + 1;
  const size_t end = std::min(text.source.find('\n', byte), text.source.size());
  const std::string_view line = std::string_view(text.source).substr(begin, end - begin);
  const bool interpolates = line.find("${") != std::string_view::npos;
  problems.Add(text.file, text.PlaceAt(byte), "",
               fmt::format("not YAML: {}{}", error.msg,
                           interpolates ? "; between braces, ${NAME} has to stand in quotes" : ""));
}

}  // namespace

bool ParseTree(Text& text, Problems& problems) {
  if (text.source.starts_with(kByteOrderMark)) text.source.erase(0, kByteOrderMark.size());
  text.line_starts = {0};
  for (size_t i = 0; i < text.source.size(); ++i) {
    if (text.source[i] == '\n') text.line_starts.push_back(i + 1);
  }
  text.root = std::make_shared<Node>();
  if (!CheckBytes(text, problems)) return false;
  TreeBuilder builder(text, problems);
  try {
    std::istringstream in(text.source);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
    return !builder.failed();
  } catch (const YAML::Exception& error) {
    // What comes after a mistake of ours is its echo.
    if (!builder.failed()) ReportMalformed(text, error, problems);
  } catch (const std::exception& error) {
    problems.Add(text.file, Place(), "", fmt::format("not YAML: {}", error.what()));
  }
  return false;
}

}  // namespace drift::yaml_internal
