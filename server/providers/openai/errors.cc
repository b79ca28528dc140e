#include "providers/openai/errors.h"

#include <algorithm>
#include <array>

namespace drift::openai {
namespace {

template <size_t N>
bool IsOneOf(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsOutOfMoney(const ErrorBody& body) {
  constexpr std::array<std::string_view, 4> kCodes = {"insufficient_quota",
                                                      "billing_hard_limit_reached",
                                                      "billing_not_active", "access_terminated"};
  return IsOneOf(body.code, kCodes) || IsOneOf(body.type, kCodes);
}

// Whether a 400 is about something that is the same in every request.
bool IsAboutSettings(const ErrorBody& body) {
  constexpr std::array<std::string_view, 4> kParams = {"model", "dimensions", "encoding_format",
                                                       "user"};
  return IsOneOf(body.param, kParams) ||
         body.message.find("does not support specifying dimensions") != std::string::npos;
}

bool SaysNoModel(const ErrorBody& body) {
  // The second is Azure's.
  constexpr std::array<std::string_view, 2> kCodes = {"model_not_found", "DeploymentNotFound"};
  return IsOneOf(body.code, kCodes);
}

bool IsAboutModel(const ErrorBody& body, const ErrorContext& context) {
  return SaysNoModel(body) || body.param == "model" ||
         body.message.find(context.model) != std::string::npos ||
         body.message.find("model ID") != std::string::npos;
}

}  // namespace

Verdict Judge(int status, const ErrorBody& body, const ErrorContext& context) {
  const Verdict plain = VerdictOf(status);
  if (plain == Verdict::kBadKey) return plain;
  if (IsOutOfMoney(body)) return Verdict::kOutOfMoney;
  if (SaysNoModel(body)) return Verdict::kNoModel;
  if (plain == Verdict::kNoAddress && IsAboutModel(body, context)) return Verdict::kNoModel;
  if (plain != Verdict::kBadInput) return plain;
  if (body.param == "model") return Verdict::kNoModel;
  return IsAboutSettings(body) ? Verdict::kBadSettings : plain;
}

}  // namespace drift::openai
