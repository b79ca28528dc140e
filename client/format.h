// How figures and times look to people.
#pragma once

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drift::client {

// 1,234,567
std::string Count(int64_t count);
// "1 row", "2 rows", "1,234 rows"
std::string Count(int64_t count, std::string_view noun);
// $0.00, $1,234.50; what is less than a cent but not nothing keeps six digits: $0.000312.
std::string Money(double usd);
// Always six digits: of one text.
std::string SmallMoney(double usd);

// 0.5 s, 12 s, 3 min 12 s, 2 h 5 min, 3 d 4 h
std::string DurationText(double seconds);
// The largest unit alone: 12 s, 3 min, 2 h, 3 d
std::string ShortDuration(double seconds);

double SecondsBetween(const google::protobuf::Timestamp& from,
                      const google::protobuf::Timestamp& to);
google::protobuf::Timestamp Now();
// 2026-11-20 09:14:03Z
std::string TimeText(const google::protobuf::Timestamp& time);

// docs of s3://lake/docs; ./docs stays.
std::string ShortTable(std::string_view address);
// "sqlite index.db/docs", "qdrant host:6334/docs", "postgresql host/db/docs"
std::string ShortSink(std::string_view uri);

// What happened and what to do, as two sentences; either may be empty.
std::string Sentences(const std::string& message, const std::string& remedy);

// A payload value as text: strings bare, the rest as JSON, null empty.
std::string ValueText(const google::protobuf::Value& value);

// 250ms, 10s, 5m, 1h30m, 2d; nullopt: not such a thing.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);
// RFC 3339, a date (midnight UTC), or a duration, which means that long ago; nullopt: none of
// these.
std::optional<google::protobuf::Timestamp> ParseTimePoint(std::string_view text);

}  // namespace drift::client
