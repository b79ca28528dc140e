#include "net/stamp.h"

#include <limits>

#include "base/json_text.h"
#include "core/reasons.h"
#include "net/json.h"

namespace drift {
namespace {

constexpr std::string_view kCosineWord = "cosine";

std::string_view MetricWord(Metric) {
  return kCosineWord;
}

void AppendMember(std::string& out, std::string_view name, std::string_view text) {
  AppendJsonString(out, name);
  out += ':';
  AppendJsonString(out, text);
}

StatusOr<int32_t> GetInt32(JsonView object, std::string_view name, int32_t least) {
  ASSIGN_OR_RETURN(const int64_t value, object.GetInt(name));
  if (value < least || value > std::numeric_limits<int32_t>::max()) {
    return InvalidArgument("{}: {} is out of range", name, value);
  }
  return static_cast<int32_t>(value);
}

StatusOr<CollectionStamp::Owner> ReadOwner(JsonView object) {
  CollectionStamp::Owner owner;
  ASSIGN_OR_RETURN(owner.ledger_id, object.GetString("ledger"));
  ASSIGN_OR_RETURN(owner.revision, GetInt32(object, "revision", 0));
  if (object.Find("version")) {
    ASSIGN_OR_RETURN(owner.version, object.GetInt("version"));
  }
  return owner;
}

StatusOr<CollectionStamp> ReadStamp(JsonView root) {
  CollectionStamp stamp;
  ASSIGN_OR_RETURN(stamp.model, root.GetString("model"));
  ASSIGN_OR_RETURN(stamp.fingerprint, root.GetString("fingerprint"));
  ASSIGN_OR_RETURN(stamp.dimensions, GetInt32(root, "dimensions", 1));
  ASSIGN_OR_RETURN(const std::string_view metric, root.GetString("metric"));
  if (metric != kCosineWord) return InvalidArgument("metric: not known to this release");
  // A stamp that no source has entered yet has none.
  const auto sources = root.Find("sources");
  if (!sources) return stamp;
  RETURN_IF_ERROR(sources->CheckObject());
  for (const std::string_view name : sources->Names()) {
    ASSIGN_OR_RETURN(const JsonView entry, sources->Get(name));
    ASSIGN_OR_RETURN(stamp.sources[std::string(name)], ReadOwner(entry));
  }
  return stamp;
}

Status Differs(std::string_view message) {
  return WithRemedy(
      WithReason(MakeStatus(StatusCode::kFailedPrecondition, message), reason::kCollectionDiffers),
      "name another collection in the sink, or use the model this one was made with");
}

std::string Describe(const CollectionStamp& stamp) {
  return fmt::format("{}, {} dimensions, {}", stamp.model, stamp.dimensions,
                     MetricWord(stamp.metric));
}

}  // namespace

std::string StampToJson(const CollectionStamp& stamp) {
  std::string out = "{";
  AppendMember(out, "model", stamp.model);
  out += ',';
  AppendMember(out, "fingerprint", stamp.fingerprint);
  out += fmt::format(",\"dimensions\":{},", stamp.dimensions);
  AppendMember(out, "metric", MetricWord(stamp.metric));
  out += ",\"sources\":{";
  std::string_view separator;
  for (const auto& [source, owner] : stamp.sources) {
    out += separator;
    AppendJsonString(out, source);
    out += ":{";
    AppendMember(out, "ledger", owner.ledger_id);
    out += fmt::format(",\"revision\":{}", owner.revision);
    if (owner.version >= 0) out += fmt::format(",\"version\":{}", owner.version);
    out += '}';
    separator = ",";
  }
  out += "}}";
  return out;
}

StatusOr<CollectionStamp> StampFromJson(std::string_view text) {
  const auto document = JsonDocument::Parse(text);
  if (!document.ok()) return Annotate(document.status(), "collection stamp");
  auto stamp = ReadStamp(document->root());
  if (!stamp.ok()) return Annotate(stamp.status(), "collection stamp");
  return stamp;
}

Status CheckCompatible(std::string_view collection, const CollectionInfo& found,
                       const CollectionStamp& wanted) {
  if (!found.exists) return OkStatus();
  if (!found.stamp) {
    return Differs(fmt::format("{} was not made by Drift ({} dimensions, no stamp)", collection,
                               found.dimensions));
  }
  const CollectionStamp& stamp = *found.stamp;
  if (stamp.dimensions != wanted.dimensions || stamp.metric != wanted.metric ||
      (stamp.fingerprint != wanted.fingerprint && stamp.model != wanted.model)) {
    return Differs(fmt::format("{} holds vectors of {}; the pipeline makes {}", collection,
                               Describe(stamp), Describe(wanted)));
  }
  // The same name, other weights: vectors of the two do not compare.
  if (stamp.fingerprint != wanted.fingerprint) {
    return Differs(fmt::format("{} holds vectors of {} with fingerprint {}; the one here has {}",
                               collection, stamp.model, stamp.fingerprint, wanted.fingerprint));
  }
  if (found.dimensions != wanted.dimensions || found.metric != wanted.metric) {
    return Differs(
        fmt::format("{} is stamped {}, but the store has it with {} dimensions, {}: it was changed "
                    "by hand",
                    collection, Describe(stamp), found.dimensions, MetricWord(found.metric)));
  }
  return OkStatus();
}

}  // namespace drift
