#include "core/sink.h"

#include "core/reasons.h"

namespace drift {
namespace {

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

std::string_view MetricWord(Metric) {
  return "cosine";
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
