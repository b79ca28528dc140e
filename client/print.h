// Responses as JSON, YAML and CSV, for programs. All follow the protobuf JSON mapping: snake_case
// names, default values printed, enums as words, times as RFC 3339.
#pragma once

#include <google/protobuf/message.h>

#include <iosfwd>
#include <string>

namespace drift::client {

void PrintJson(std::ostream& out, const google::protobuf::Message& message);

// int64 as plain numbers, where JSON has them as strings.
void PrintYaml(std::ostream& out, const google::protobuf::Message& message);

// A header and a line per element of the message's list (of the message itself if it has none);
// fields of nested messages as "spec.name", lists as JSON.
void PrintCsv(std::ostream& out, const google::protobuf::Message& message);

// The protobuf JSON mapping of one message on one line.
std::string CompactJson(const google::protobuf::Message& message);

}  // namespace drift::client
