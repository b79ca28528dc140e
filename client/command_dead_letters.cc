#include <fmt/core.h>

#include <ostream>

#include "client/commands.h"
#include "client/details.h"
#include "client/follow.h"
#include "client/format.h"
#include "client/paging.h"
#include "client/selector.h"
#include "client/table.h"
#include "drift/v1/dead_letter.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::DeadLetter;
using drift::v1::DeadLetterService;

drift::v1::DeadLetterFilter MakeFilter(const DeadLetterOptions& options) {
  drift::v1::DeadLetterFilter filter;
  filter.set_pipeline(options.pipeline);
  filter.set_reason(options.reason);
  for (const std::string& key : options.keys) filter.add_keys(key);
  for (const int64_t id : options.ids) filter.add_ids(id);
  return filter;
}

void PrintLetters(Session& session, const drift::v1::ListDeadLettersResponse& letters) {
  Table table({{.name = "ID", .align = Align::kRight},
               {.name = "PIPELINE", .least = 12, .cut = Cut::kMiddle, .spare = 2},
               {.name = "KEY", .least = 10, .cut = Cut::kMiddle},
               {.name = "REASON"},
               {.name = "VERSION", .align = Align::kRight, .spare = 4},
               {.name = "TRIED", .align = Align::kRight, .spare = 3},
               {.name = "LAST", .align = Align::kRight, .spare = 1},
               {.name = "MESSAGE", .least = 16, .spare = 5}});
  for (const DeadLetter& letter : letters.dead_letters()) {
    table.Add({{fmt::format("{}", letter.id())},
               {letter.pipeline()},
               {letter.key()},
               {letter.reason()},
               {fmt::format("{}", letter.version())},
               {Count(letter.attempts())},
               {ShortDuration(SecondsBetween(letter.last_at(), Now())) + " ago"},
               {letter.message()}});
  }
  table.Print(session.host().out, session.width(), session.color());
}

}  // namespace

int DeadLettersList(Session& session, const DeadLetterOptions& options) {
  drift::v1::ListDeadLettersRequest request;
  *request.mutable_filter() = MakeFilter(options);
  drift::v1::ListDeadLettersResponse all;
  const grpc::Status status =
      ListAll<DeadLetterService>(session, &DeadLetterService::StubInterface::List, request, all,
                                 all.mutable_dead_letters(), options.limit);
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(all)) return kExitDone;
  if (all.dead_letters().empty()) {
    session.Note("no dead letters");
    return kExitDone;
  }
  PrintLetters(session, all);
  if (!all.next_page_token().empty()) {
    session.Note(fmt::format("there are more than these {}; see them with --limit",
                             all.dead_letters_size()));
  }
  return kExitDone;
}

int DeadLettersGet(Session& session, int64_t id) {
  drift::v1::GetDeadLetterRequest request;
  request.set_id(id);
  DeadLetter letter;
  const grpc::Status status =
      session.Call<DeadLetterService>(&DeadLetterService::StubInterface::Get, request, &letter);
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(letter)) return kExitDone;
  session.host().out << fmt::format("{}  {}\n", letter.id(), letter.reason());
  Details details(session);
  details.Add("pipeline", letter.pipeline());
  details.Add("key", fmt::format("{}  chunk {}", letter.key(), letter.chunk()));
  details.Add("message", letter.message());
  if (!letter.text_sha256().empty()) details.Add("text", "sha256 " + letter.text_sha256());
  details.Add("version", fmt::format("{}", letter.version()));
  details.Add("tried", fmt::format("{}, first {}, last {}", Count(letter.attempts(), "time"),
                                   TimeText(letter.first_at()), TimeText(letter.last_at())));
  return kExitDone;
}

int DeadLettersReplay(Session& session, const DeadLetterOptions& options) {
  drift::v1::ReplayDeadLettersRequest request;
  request.set_request_id(NewRequestId());
  *request.mutable_filter() = MakeFilter(options);
  drift::v1::Run run;
  const grpc::Status status =
      session.Call<DeadLetterService>(&DeadLetterService::StubInterface::Replay, request, &run);
  if (!status.ok()) return session.Fail(status);
  if (!options.detach) return FollowRun(session, run);
  if (!session.PrintedFor(run)) session.host().out << run.id() << '\n';
  return kExitDone;
}

int DeadLettersDiscard(Session& session, const DeadLetterOptions& options) {
  drift::v1::DiscardDeadLettersRequest request;
  *request.mutable_filter() = MakeFilter(options);
  drift::v1::DiscardDeadLettersResponse response;
  const grpc::Status status = session.Call<DeadLetterService>(
      &DeadLetterService::StubInterface::Discard, request, &response);
  if (!status.ok()) return session.Fail(status);
  if (!session.PrintedFor(response)) {
    session.host().out << fmt::format("{} discarded\n", Count(response.discarded(), "dead letter"));
  }
  return kExitDone;
}

}  // namespace drift::client
