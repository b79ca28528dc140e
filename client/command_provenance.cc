#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <ostream>

#include "client/commands.h"
#include "client/details.h"
#include "client/format.h"
#include "client/paging.h"
#include "client/table.h"
#include "drift/v1/provenance.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::Provenance;
using drift::v1::ProvenanceService;
using drift::v1::Run;

std::string ModeText(Run::Mode mode) {
  if (mode == Run::MODE_UNSPECIFIED) return "";
  std::string word = Run::Mode_Name(mode);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return fmt::format(" ({})", word);
}

std::string SourceText(const Provenance& record) {
  std::string text = fmt::format("{}, version {}", record.source(), record.table_version());
  if (record.has_table_version_time()) {
    text += fmt::format(" ({})", TimeText(record.table_version_time()));
  }
  return text;
}

void PrintLive(Session& session, const Provenance& record, bool with_key) {
  if (with_key) {
    session.host().out << fmt::format("{}  {}\n", Printable(record.key()),
                                      Colored("LIVE", Tone::kGood, session.color()));
  }
  Details details(session);
  details.Add("point", fmt::format("{}  chunk {} of {}", record.point_id(), record.chunk(),
                                   record.chunks()));
  details.Add("source", SourceText(record));
  details.Add("text",
              fmt::format("sha256 {}, {}, {}{}", record.text_sha256(),
                          Count(record.chars(), "character"), Count(record.tokens(), "token"),
                          record.tokens_estimated() ? " (estimated)" : ""));
  details.Add("model",
              fmt::format("{}, {} dimensions", record.model(), Count(record.dimensions())));
  details.Add("written", fmt::format("{} by run {}{}", TimeText(record.written_at()),
                                     record.run_id(), ModeText(record.run_mode())));
  details.Add("cost", SmallMoney(record.cost_usd()) +
                          (record.tokens() == 0 ? " (the vector was reused)" : ""));
}

// Once for all points that went together.
void PrintDeleted(Session& session, const Provenance& record) {
  const bool is_part = record.chunk() > 0;
  session.host().out << fmt::format(
      "{}{}  {} at version {}, by run {}, {}; {} removed from the sink. Earlier: version {}, run "
      "{}.\n",
      Printable(record.key()), is_part ? fmt::format(" from chunk {} on", record.chunk()) : "",
      Colored("DELETED", Tone::kCareful, session.color()), record.deleted_version(),
      record.deleted_run_id(), TimeText(record.deleted_at()),
      Count(record.points_removed(), "point"), record.table_version(), record.run_id());
}

bool WentTogether(const Provenance& a, const Provenance& b) {
  return a.state() == Provenance::DELETED && b.state() == Provenance::DELETED &&
         a.key() == b.key() && a.deleted_run_id() == b.deleted_run_id() &&
         a.deleted_version() == b.deleted_version() && a.run_id() == b.run_id() &&
         a.chunk() + 1 == b.chunk();
}

// One row's points stand together under its key.
void PrintRecords(Session& session, const google::protobuf::RepeatedPtrField<Provenance>& records) {
  std::string key;
  for (int i = 0; i < records.size(); ++i) {
    const Provenance& record = records[i];
    if (record.state() == Provenance::DELETED) {
      if (i == 0 || !WentTogether(records[i - 1], record)) PrintDeleted(session, record);
      key.clear();
    } else {
      PrintLive(session, record, record.key() != key);
      key = record.key();
    }
  }
}

int ShowPoint(Session& session, const std::string& point) {
  drift::v1::GetProvenanceRequest request;
  request.set_point_id(point);
  Provenance record;
  const grpc::Status status =
      session.Call<ProvenanceService>(&ProvenanceService::StubInterface::Get, request, &record);
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(record)) return kExitDone;
  google::protobuf::RepeatedPtrField<Provenance> one;
  *one.Add() = record;
  PrintRecords(session, one);
  return kExitDone;
}

}  // namespace

int ShowProvenance(Session& session, const ProvenanceOptions& options) {
  if (!options.point.empty()) return ShowPoint(session, options.point);
  drift::v1::ListProvenanceRequest request;
  request.set_pipeline(options.pipeline);
  // Empty is a value of the key column here, and all rows for the daemon.
  request.set_key(options.key.empty() ? "[\"\"]" : options.key);
  drift::v1::ListProvenanceResponse all;
  const grpc::Status status = ListAll<ProvenanceService>(
      session, &ProvenanceService::StubInterface::List, request, all, all.mutable_records());
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(all)) return all.records().empty() ? kExitFailed : kExitDone;
  if (all.records().empty()) {
    return session.Fail(kExitFailed, fmt::format("pipeline {} has never written a point for key {}",
                                                 options.pipeline, Printable(request.key())));
  }
  PrintRecords(session, all.records());
  return kExitDone;
}

}  // namespace drift::client
