// A provider's account of what it billed, as its API exports it.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <map>
#include <string>

namespace drift::client {

struct ProviderUsage {
  int64_t tokens = 0;
  int64_t requests = 0;
};

struct UsageExport {
  std::map<std::string, ProviderUsage> days;  // by day of UTC: 2026-11-20
  google::protobuf::Timestamp since;          // of the first bucket
  google::protobuf::Timestamp until;          // end of the last bucket
};

// OpenAI's shape (GET /v1/organization/usage/embeddings): a page, or a list of pages, of buckets
// with start_time, end_time and results of input_tokens and num_model_requests. False: `text` is
// something else, and `why` says what is wrong with it.
bool ReadUsageExport(const std::string& text, UsageExport& usage, std::string& why);

}  // namespace drift::client
