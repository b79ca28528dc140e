// Reading any message of the API, for the printers.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>

namespace drift::client {

// A scalar field as text, strings without quotes. `index` of a repeated field.
// REQUIRES: `field` is no message.
std::string ScalarText(const google::protobuf::Message& message,
                       const google::protobuf::FieldDescriptor* field, int index);

// Types of google.protobuf, whose JSON is no mapping of their fields.
bool IsWellKnown(const google::protobuf::Descriptor* type);

// A field that may be absent, and is.
bool IsAbsent(const google::protobuf::Message& message,
              const google::protobuf::FieldDescriptor* field);

// The text as a JSON string, with its quotes.
std::string JsonString(const std::string& text);

}  // namespace drift::client
