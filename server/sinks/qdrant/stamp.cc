#include "sinks/qdrant/stamp.h"

#include <string_view>

namespace drift::qdrant {
namespace {

constexpr std::string_view kSourcePrefix = "drift.source.";

CollectionStamp::Owner DecodeOwner(const pb::Value& value) {
  const auto& fields = value.struct_value().fields();
  CollectionStamp::Owner owner;
  if (const auto ledger = fields.find("ledger"); ledger != fields.end()) {
    owner.ledger_id = ledger->second.string_value();
  }
  if (const auto revision = fields.find("revision"); revision != fields.end()) {
    owner.revision = static_cast<int32_t>(revision->second.integer_value());
  }
  if (const auto version = fields.find("version"); version != fields.end()) {
    owner.version = version->second.integer_value();
  }
  return owner;
}

}  // namespace

std::string SourceMember(const std::string& source) {
  return std::string(kSourcePrefix) + source;
}

void EncodeStamp(const CollectionStamp& stamp, Metadata& metadata) {
  auto& fields = *metadata[kStampMember].mutable_struct_value()->mutable_fields();
  fields["model"].set_string_value(stamp.model);
  fields["fingerprint"].set_string_value(stamp.fingerprint);
  fields["dimensions"].set_integer_value(stamp.dimensions);
  fields["metric"].set_string_value(std::string(MetricWord(stamp.metric)));
}

void EncodeOwner(const std::string& source, const CollectionStamp::Owner& owner,
                 Metadata& metadata) {
  auto& fields = *metadata[SourceMember(source)].mutable_struct_value()->mutable_fields();
  fields["ledger"].set_string_value(owner.ledger_id);
  fields["revision"].set_integer_value(owner.revision);
  if (owner.version >= 0) fields["version"].set_integer_value(owner.version);
}

std::optional<CollectionStamp> DecodeStamp(const Metadata& metadata) {
  const auto found = metadata.find(kStampMember);
  if (found == metadata.end()) return std::nullopt;
  const auto& fields = found->second.struct_value().fields();
  for (const char* name : {"model", "fingerprint", "dimensions", "metric"}) {
    if (!fields.contains(name)) return std::nullopt;
  }
  if (fields.at("metric").string_value() != MetricWord(Metric::kCosine)) return std::nullopt;
  CollectionStamp stamp;
  stamp.model = fields.at("model").string_value();
  stamp.fingerprint = fields.at("fingerprint").string_value();
  stamp.dimensions = static_cast<int32_t>(fields.at("dimensions").integer_value());
  for (const auto& [name, value] : metadata) {
    if (!name.starts_with(kSourcePrefix)) continue;
    stamp.sources[name.substr(kSourcePrefix.size())] = DecodeOwner(value);
  }
  return stamp;
}

}  // namespace drift::qdrant
