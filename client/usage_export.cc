#include "client/usage_export.h"

#include <fmt/core.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <cmath>

namespace drift::client {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;
using google::protobuf::util::TimeUtil;

constexpr size_t kDateLength = 10;

const Value* Find(const Struct& object, const std::string& name) {
  const auto found = object.fields().find(name);
  return found == object.fields().end() ? nullptr : &found->second;
}

bool ReadNumber(const Struct& object, const std::string& name, int64_t& out) {
  const Value* value = Find(object, name);
  if (value == nullptr || !value->has_number_value()) return false;
  out = std::llround(value->number_value());
  return true;
}

bool ReadBucket(const Struct& bucket, UsageExport& usage, std::string& why) {
  int64_t start = 0;
  int64_t end = 0;
  const Value* results = Find(bucket, "results");
  if (!ReadNumber(bucket, "start_time", start) || !ReadNumber(bucket, "end_time", end) ||
      results == nullptr || !results->has_list_value()) {
    why = "a bucket lacks start_time, end_time or results";
    return false;
  }
  const auto since = TimeUtil::SecondsToTimestamp(start);
  const auto until = TimeUtil::SecondsToTimestamp(end);
  if (usage.days.empty() || since < usage.since) usage.since = since;
  if (usage.days.empty() || usage.until < until) usage.until = until;
  ProviderUsage& day = usage.days[TimeUtil::ToString(since).substr(0, kDateLength)];
  for (const Value& result : results->list_value().values()) {
    int64_t tokens = 0;
    int64_t requests = 0;
    if (!ReadNumber(result.struct_value(), "input_tokens", tokens)) {
      why = "a result lacks input_tokens";
      return false;
    }
    ReadNumber(result.struct_value(), "num_model_requests", requests);
    day.tokens += tokens;
    day.requests += requests;
  }
  return true;
}

bool ReadPage(const Struct& page, UsageExport& usage, std::string& why) {
  const Value* data = Find(page, "data");
  if (data == nullptr || !data->has_list_value()) {
    why = "there is no list 'data' of buckets";
    return false;
  }
  for (const Value& bucket : data->list_value().values()) {
    if (!ReadBucket(bucket.struct_value(), usage, why)) return false;
  }
  return true;
}

}  // namespace

bool ReadUsageExport(const std::string& text, UsageExport& usage, std::string& why) {
  Value root;
  if (!google::protobuf::util::JsonStringToMessage(text, &root).ok()) {
    why = "it is not JSON";
    return false;
  }
  if (root.has_struct_value()) {
    if (!ReadPage(root.struct_value(), usage, why)) return false;
  }
  for (const Value& page : root.list_value().values()) {
    if (!ReadPage(page.struct_value(), usage, why)) return false;
  }
  if (usage.days.empty()) why = "it holds no buckets";
  return !usage.days.empty();
}

}  // namespace drift::client
