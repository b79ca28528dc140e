#include "sinks/checked_batch.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "base/utf8.h"
#include "net/json.h"

namespace drift {
namespace {

Status CheckText(std::string_view text, std::string_view what, const StoreLimits& limits) {
  if (!IsUtf8(text)) return InvalidArgument("{} is not UTF-8", what);
  if (limits.refuses_nul && text.find('\0') != std::string_view::npos) {
    return InvalidArgument("{} holds the character U+0000, which the sink cannot store", what);
  }
  return OkStatus();
}

std::string_view TextOf(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* json = std::get_if<Json>(&value)) return json->text;
  return {};
}

Status CheckPayload(const Payload& payload, const StoreLimits& limits) {
  for (const auto& [name, value] : payload) {
    RETURN_IF_ERROR(CheckText(name, "the name of a payload column", limits));
    const std::string_view text = TextOf(value);
    if (text.empty()) continue;
    RETURN_IF_ERROR(CheckText(text, fmt::format("payload column '{}'", name), limits));
    if (!std::holds_alternative<Json>(value)) continue;
    const auto document = JsonDocument::Parse(text);
    if (!document.ok()) {
      return Annotate(document.status(), fmt::format("payload column '{}'", name));
    }
  }
  return OkStatus();
}

}  // namespace

bool AllFinite(std::span<const float> values) {
  constexpr uint32_t kExponent = 0x7f800000;
  // No branch inside, so that the compiler can do several at once.
  uint32_t bad = 0;
  for (const float value : values) bad |= (std::bit_cast<uint32_t>(value) & kExponent) == kExponent;
  return bad == 0;
}

Status CheckPoint(const Point& point, const StoreLimits& limits) {
  if (point.vector.size() != static_cast<size_t>(limits.dimensions)) {
    return InvalidArgument("the vector has {} dimensions, the collection {}", point.vector.size(),
                           limits.dimensions);
  }
  if (!AllFinite(point.vector.values())) {
    return InvalidArgument("the vector holds a value that is not a finite number");
  }
  RETURN_IF_ERROR(CheckText(point.key, "the key", limits));
  RETURN_IF_ERROR(CheckText(point.run_id, "the run id", limits));
  RETURN_IF_ERROR(CheckText(point.model, "the model", limits));
  if (point.text) RETURN_IF_ERROR(CheckText(*point.text, "the text", limits));
  return CheckPayload(point.payload, limits);
}

Status CheckSource(std::string_view source, const StoreLimits& limits) {
  return CheckText(source, "the pipeline's name", limits);
}

Status CheckQuery(const Vector& query, int32_t dimensions) {
  if (query.size() != static_cast<size_t>(dimensions)) {
    return InvalidArgument("the query has {} dimensions, the collection {}", query.size(),
                           dimensions);
  }
  if (!AllFinite(query.values())) {
    return InvalidArgument("the query holds a value that is not a finite number");
  }
  return OkStatus();
}

CheckedBatch CheckBatch(std::span<const Point> points, const StoreLimits& limits) {
  CheckedBatch out;
  std::unordered_map<Uuid, size_t, UuidHash> newest;  // id → place in out.indexes
  newest.reserve(points.size());
  out.indexes.reserve(points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    if (Status status = CheckPoint(points[i], limits); !status.ok()) {
      out.errors.push_back({i, std::move(status)});
      continue;
    }
    const auto [entry, is_new] = newest.emplace(points[i].id, out.indexes.size());
    if (is_new) {
      out.indexes.push_back(i);
    } else if (points[i].guard >= points[out.indexes[entry->second]].guard) {
      out.indexes[entry->second] = i;
    }
  }
  std::stable_sort(out.indexes.begin(), out.indexes.end(),
                   [&points](size_t a, size_t b) { return points[a].guard < points[b].guard; });
  return out;
}

std::vector<Sink::Deletion> NewestDeletions(std::span<const Sink::Deletion> deletions) {
  std::vector<Sink::Deletion> out(deletions.begin(), deletions.end());
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.id != b.id ? a.id < b.id : b.guard < a.guard;
  });
  out.erase(std::unique(out.begin(), out.end(),
                        [](const auto& a, const auto& b) { return a.id == b.id; }),
            out.end());
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.guard < b.guard; });
  return out;
}

}  // namespace drift
