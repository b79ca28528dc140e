#include "net/stamp.h"

#include <limits>

#include "base/json_text.h"
#include "net/json.h"

namespace drift {
namespace {

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
  if (metric != MetricWord(Metric::kCosine))
    return InvalidArgument("metric: not known to this release");
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

}  // namespace drift
