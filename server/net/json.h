// Reading JSON documents, with errors that name the place. Writing is base/json_text's.
//
//   ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(body));
//   ASSIGN_OR_RETURN(const JsonView data, document.root().Get("data"));
//   for (size_t i = 0; i < data.size(); ++i) {
//     ASSIGN_OR_RETURN(const int64_t index, data[i].GetInt("index"));
//
// Errors are kInvalidArgument: "data[3].index: expected an integer, found a string". They never
// repeat a value of the document, which may be a row's text or a secret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace drift {

enum class JsonType : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

// A place in a document: two pointers, copied freely, valid while the JsonDocument lives.
// Safe for concurrent use.
class JsonView {
 public:
  JsonType type() const;
  bool is_null() const { return type() == JsonType::kNull; }
  bool is_string() const { return type() == JsonType::kString; }
  bool is_array() const { return type() == JsonType::kArray; }
  bool is_object() const { return type() == JsonType::kObject; }

  // This value itself; an error if it has another type. Strings live as long as the document.
  StatusOr<std::string_view> String() const;
  // An integer; 12.0 and 1e3 are integers too. An error beyond the range of int64.
  StatusOr<int64_t> Int() const;
  StatusOr<double> Number() const;
  StatusOr<bool> Bool() const;
  // An array of nothing but numbers, each rounded to float; one too large for it becomes infinite.
  StatusOr<std::vector<float>> Floats() const;
  Status CheckArray() const;
  Status CheckObject() const;

  // Members of an object. Get...: an error if this is no object, or the member is absent, null or
  // of another type. Find: nullopt if absent, null, or this is no object.
  StatusOr<JsonView> Get(std::string_view name) const;
  StatusOr<std::string_view> GetString(std::string_view name) const;
  StatusOr<int64_t> GetInt(std::string_view name) const;
  StatusOr<double> GetNumber(std::string_view name) const;
  StatusOr<bool> GetBool(std::string_view name) const;
  std::optional<JsonView> Find(std::string_view name) const;
  // A string member, or empty if there is no such member or it is no string: for error bodies, of
  // which nothing can be relied on.
  std::string_view FindString(std::string_view name) const;
  // Names of the members, sorted; empty if this is no object. A name given twice in the text counts
  // once, with its last value.
  std::vector<std::string_view> Names() const;

  // Elements of an array or members of an object; 0 for anything else.
  size_t size() const;
  // REQUIRES: is_array() and index < size().
  JsonView operator[](size_t index) const;

  // The value as compact JSON text, members sorted by name.
  std::string Dump() const;
  // Where it is in the document: "data[3].index"; empty for the root.
  std::string Path() const;

 private:
  friend class JsonDocument;
  JsonView(const void* root, const void* node) : root_(root), node_(node) {}
  Status Expected(std::string_view what) const;
  Status Missing(std::string_view name) const;

  const void* root_;
  const void* node_;
};

// Owns a parsed text. Movable; views stay valid when it is moved.
class JsonDocument {
 public:
  // kInvalidArgument "not JSON: ... at byte N of M": malformed, more than one value, not UTF-8,
  // nested deeper than 200 levels, or a number beyond double.
  static StatusOr<JsonDocument> Parse(std::string_view text);

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  JsonView root() const;

 private:
  struct Impl;
  explicit JsonDocument(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace drift
