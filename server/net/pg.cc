#include "net/pg.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"
#include "net/pg_error.h"

namespace drift {
namespace {

constexpr size_t kMaxPrepared = 100;
constexpr int kBinary = 1;
constexpr int kVersionWithConnectionCheck = 140000;

// libpq's words, one line of them.
std::string_view FirstLine(const char* text) {
  const std::string_view all = text == nullptr ? "" : text;
  return all.substr(0, all.find('\n'));
}

}  // namespace

// What bounds one call: its deadline and its stop token, which wakes a wait by the eventfd.
class PgConnection::Call {
 public:
  Call(int wake, std::chrono::milliseconds timeout, std::stop_token stop)
      : wake_(wake), stop_(stop) {
    on_stop_.emplace(std::move(stop), Wake{wake});
    if (timeout.count() > 0) deadline_ = Clock::Real().Mono() + timeout;
  }
  ~Call() {
    // Nothing is written from here on, and the next call must not find what was.
    on_stop_.reset();
    uint64_t count = 0;
    while (read(wake_, &count, sizeof(count)) > 0) {
    }
  }

  bool stopped() const { return stop_.stop_requested(); }
  // For poll(): -1 waits without end.
  int MsLeft() const {
    if (!deadline_) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - Clock::Real().Mono());
    return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1 << 30));
  }

 private:
  struct Wake {
    int file;
    void operator()() const {
      const uint64_t one = 1;
      // A full counter wakes as well.
      [[maybe_unused]] const ssize_t written = write(file, &one, sizeof(one));
    }
  };
  const int wake_;
  const std::stop_token stop_;
  std::optional<MonoTime> deadline_;
  std::optional<std::stop_callback<Wake>> on_stop_;
};

// -- connecting -----------------------------------------------------------------------------------

StatusOr<std::unique_ptr<PgConnection>> PgConnection::Open(const PgOptions& options,
                                                           std::stop_token stop) {
  std::unique_ptr<PgConnection> connection(new PgConnection(options));
  connection->wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (connection->wake_ < 0) return Unavailable("eventfd: {}", std::strerror(errno));
  RETURN_IF_ERROR(connection->Connect(stop));
  RETURN_IF_ERROR(connection->SetUp(stop));
  return connection;
}

PgConnection::~PgConnection() {
  Close();
  if (wake_ >= 0) close(wake_);
}

void PgConnection::Close() {
  PQfinish(handle_);
  handle_ = nullptr;
  prepared_.clear();
}

Status PgConnection::Connect(std::stop_token stop) {
  const std::string port = fmt::format("{}", options_.port);
  std::vector<const char*> names;
  std::vector<const char*> values;
  // libpq reads an empty value as its default.
  const auto add = [&](const char* name, const std::string& value) {
    names.push_back(name);
    values.push_back(value.c_str());
  };
  const std::string keep_idle = "30", keep_interval = "10", keep_count = "3", unacked_ms = "30000";
  const std::string encoding = "UTF8";
  add("host", options_.host);
  add("port", port);
  add("user", options_.user);
  add("password", options_.password.Reveal());
  add("dbname", options_.database);
  add("sslmode", options_.sslmode);
  add("sslrootcert", options_.sslrootcert);
  add("sslcert", options_.sslcert);
  add("sslkey", options_.sslkey);
  add("application_name", options_.application_name);
  add("client_encoding", encoding);
  // A host that vanished is noticed in a minute, not in hours.
  add("keepalives_idle", keep_idle);
  add("keepalives_interval", keep_interval);
  add("keepalives_count", keep_count);
  add("tcp_user_timeout", unacked_ms);
  names.push_back(nullptr);
  values.push_back(nullptr);
  // A database name must not be read as a connection string: expand_dbname 0.
  handle_ = PQconnectStartParams(names.data(), values.data(), 0);
  if (handle_ == nullptr) return ResourceExhausted("{}: out of memory", name_);
  PQsetNoticeProcessor(
      handle_, [](void*, const char*) {}, nullptr);
  // Verbose, so that the reason of a refusal can be told by its SQLSTATE in any language.
  PQsetErrorVerbosity(handle_, PQERRORS_VERBOSE);
  Call call(wake_, options_.connect_timeout, std::move(stop));
  RETURN_IF_ERROR(AwaitConnection(call));
  PQsetErrorVerbosity(handle_, PQERRORS_DEFAULT);
  PQsetnonblocking(handle_, 1);
  return OkStatus();
}

Status PgConnection::AwaitConnection(Call& call) {
  if (PQstatus(handle_) == CONNECTION_BAD) return PgConnectError(name_, PQerrorMessage(handle_));
  for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
       next = PQconnectPoll(handle_)) {
    if (next == PGRES_POLLING_FAILED) {
      const Status status = PgConnectError(name_, PQerrorMessage(handle_));
      Close();
      return status;
    }
    RETURN_IF_ERROR(Wait(next == PGRES_POLLING_READING ? Await::kRead : Await::kWrite, call));
  }
  return OkStatus();
}

Status PgConnection::SetUp(std::stop_token stop) {
  std::string script;
  if (server_version() >= kVersionWithConnectionCheck) {
    script = "SET client_connection_check_interval = '500ms';";
  }
  for (const std::string& statement : options_.setup) script += statement + ";";
  return script.empty() ? OkStatus() : Script(script, std::move(stop));
}

// -- calls ----------------------------------------------------------------------------------------

Status PgConnection::CheckOpen() const {
  if (handle_ != nullptr) return OkStatus();
  return Unavailable("{}: the connection is gone", name_);
}

Status PgConnection::Lost() {
  const Status status =
      Unavailable("{}: the connection was lost ({})", name_, FirstLine(PQerrorMessage(handle_)));
  Close();
  return status;
}

Status PgConnection::Wait(Await what, Call& call) {
  const short events = what == Await::kRead    ? POLLIN
                       : what == Await::kWrite ? POLLOUT
                                               : static_cast<short>(POLLIN | POLLOUT);
  pollfd files[2] = {{PQsocket(handle_), events, 0}, {wake_, POLLIN, 0}};
  for (;;) {
    if (call.stopped()) {
      Close();
      return Cancelled("{}: stopped", name_);
    }
    const int left = call.MsLeft();
    const int ready = poll(files, 2, left);
    if (ready < 0 && errno != EINTR) return Lost();
    if (ready > 0 && files[0].revents != 0) return OkStatus();
    if (ready == 0 && left == 0) {
      Close();
      return DeadlineExceeded("{}: no answer in time", name_);
    }
  }
}

Status PgConnection::Flush(Call& call) {
  for (;;) {
    const int pending = PQflush(handle_);
    if (pending == 0) return OkStatus();
    if (pending < 0) return Lost();
    // The server may be blocked on what it wants to say: read as well, or both wait for ever.
    RETURN_IF_ERROR(Wait(Await::kReadOrWrite, call));
    RETURN_IF_ERROR(ConsumeInput());
  }
}

Status PgConnection::ConsumeInput() {
  return PQconsumeInput(handle_) == 1 ? OkStatus() : Lost();
}

Status PgConnection::Failed(const pg_result* result) const {
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return PgError(name_, sqlstate == nullptr ? "" : sqlstate,
                 message == nullptr ? FirstLine(PQresultErrorMessage(result)) : message);
}

// Reads all results of what was sent: the last one, or the first error.
StatusOr<PgResult> PgConnection::Finish(Call& call) {
  RETURN_IF_ERROR(Flush(call));
  PgResult last(nullptr);
  Status error;
  for (;;) {
    while (PQisBusy(handle_) == 1) {
      RETURN_IF_ERROR(Wait(Await::kRead, call));
      RETURN_IF_ERROR(ConsumeInput());
    }
    pg_result* result = PQgetResult(handle_);
    if (result == nullptr) break;
    last = PgResult(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
      if (PQstatus(handle_) == CONNECTION_BAD &&
          PQresultErrorField(result, PG_DIAG_SQLSTATE) == nullptr) {
        return Lost();
      }
      if (error.ok()) error = Failed(result);
    }
    // The caller goes on from here.
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) break;
  }
  if (PQstatus(handle_) == CONNECTION_BAD) {
    if (error.ok()) return Lost();
    Close();
  }
  if (!error.ok()) return error;
  return last;
}

StatusOr<const PgConnection::Prepared*> PgConnection::Prepare(std::string_view sql,
                                                              const PgParams& params, Call& call) {
  std::vector<uint32_t> types;
  for (size_t i = 0; i < params.size(); ++i) types.push_back(static_cast<uint32_t>(params.type(i)));
  std::string text(sql);
  const auto found = prepared_.find(text);
  if (found != prepared_.end()) {
    return found->second.types == types ? &found->second : nullptr;
  }
  if (prepared_.size() >= kMaxPrepared) return nullptr;
  std::string name = fmt::format("d{}", prepared_.size());
  if (PQsendPrepare(handle_, name.c_str(), text.c_str(), static_cast<int>(types.size()),
                    types.data()) != 1) {
    return Lost();
  }
  ASSIGN_OR_RETURN(const PgResult done, Finish(call));
  static_cast<void>(done);
  return &prepared_.emplace(std::move(text), Prepared{std::move(name), std::move(types)})
              .first->second;
}

StatusOr<PgResult> PgConnection::Send(std::string_view sql, const Prepared* prepared,
                                      const PgParams& params, Call& call) {
  const auto count = static_cast<int>(params.size());
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<uint32_t> types;
  for (size_t i = 0; i < params.size(); ++i) {
    values.push_back(params.is_null(i) ? nullptr : params.bytes(i).data());
    lengths.push_back(static_cast<int>(params.bytes(i).size()));
    types.push_back(static_cast<uint32_t>(params.type(i)));
  }
  const std::vector<int> formats(params.size(), kBinary);
  const int sent = prepared != nullptr
                       ? PQsendQueryPrepared(handle_, prepared->name.c_str(), count, values.data(),
                                             lengths.data(), formats.data(), kBinary)
                       : PQsendQueryParams(handle_, std::string(sql).c_str(), count, types.data(),
                                           values.data(), lengths.data(), formats.data(), kBinary);
  if (sent != 1) return Lost();
  return Finish(call);
}

StatusOr<PgResult> PgConnection::Execute(std::string_view sql, const PgParams& params,
                                         std::stop_token stop) {
  RETURN_IF_ERROR(CheckOpen());
  Call call(wake_, options_.call_timeout, std::move(stop));
  ASSIGN_OR_RETURN(const Prepared* prepared, Prepare(sql, params, call));
  return Send(sql, prepared, params, call);
}

StatusOr<PgResult> PgConnection::ExecuteOnce(std::string_view sql, const PgParams& params,
                                             std::stop_token stop) {
  RETURN_IF_ERROR(CheckOpen());
  Call call(wake_, options_.call_timeout, std::move(stop));
  return Send(sql, nullptr, params, call);
}

Status PgConnection::Script(std::string_view sql, std::stop_token stop) {
  return Query(sql, std::move(stop)).status();
}

StatusOr<PgResult> PgConnection::Query(std::string_view sql, std::stop_token stop) {
  RETURN_IF_ERROR(CheckOpen());
  Call call(wake_, options_.call_timeout, std::move(stop));
  if (PQsendQuery(handle_, std::string(sql).c_str()) != 1) return Lost();
  return Finish(call);
}

bool PgConnection::Usable() {
  if (handle_ == nullptr || PQstatus(handle_) != CONNECTION_OK) return false;
  if (PQtransactionStatus(handle_) != PQTRANS_IDLE) return false;
  // Between calls the server is silent. What it says then is a good-bye, or so rare that a new
  // connection is a fair price.
  pollfd file{PQsocket(handle_), POLLIN, 0};
  return poll(&file, 1, 0) == 0;
}

bool PgConnection::in_transaction() const {
  return handle_ != nullptr && PQtransactionStatus(handle_) != PQTRANS_IDLE;
}

int PgConnection::server_version() const {
  return PQserverVersion(handle_);
}

// -- copy -----------------------------------------------------------------------------------------

Status PgConnection::StartCopy(std::string_view sql, bool in, std::stop_token stop) {
  RETURN_IF_ERROR(CheckOpen());
  Call call(wake_, options_.call_timeout, std::move(stop));
  if (PQsendQuery(handle_, std::string(sql).c_str()) != 1) return Lost();
  ASSIGN_OR_RETURN(const PgResult result, Finish(call));
  const ExecStatusType status = PQresultStatus(result.result_.get());
  if (status == (in ? PGRES_COPY_IN : PGRES_COPY_OUT)) return OkStatus();
  Close();
  return Internal("{}: not a COPY statement", name_);
}

Status PgConnection::SendCopy(std::string_view bytes, std::stop_token stop) {
  RETURN_IF_ERROR(CheckOpen());
  Call call(wake_, options_.call_timeout, std::move(stop));
  // 0: the buffer is full for now.
  for (;;) {
    const int queued = PQputCopyData(handle_, bytes.data(), static_cast<int>(bytes.size()));
    if (queued == 1) break;
    if (queued < 0) return Lost();
    RETURN_IF_ERROR(Flush(call));
  }
  // Not more than one piece is buffered, or a slow server would cost memory.
  return Flush(call);
}

StatusOr<PgResult> PgConnection::EndCopy(std::stop_token stop) {
  RETURN_IF_ERROR(CheckOpen());
  Call call(wake_, options_.call_timeout, std::move(stop));
  for (;;) {
    const int queued = PQputCopyEnd(handle_, nullptr);
    if (queued == 1) break;
    if (queued < 0) return Lost();
    RETURN_IF_ERROR(Flush(call));
  }
  return Finish(call);
}

StatusOr<bool> PgConnection::ReadCopy(std::string& bytes, std::stop_token stop) {
  RETURN_IF_ERROR(CheckOpen());
  Call call(wake_, options_.call_timeout, std::move(stop));
  for (;;) {
    char* data = nullptr;
    const int length = PQgetCopyData(handle_, &data, /*async=*/1);
    if (length > 0) {
      bytes.assign(data, static_cast<size_t>(length));
      PQfreemem(data);
      return true;
    }
    if (length == -2) return Lost();
    if (length == -1) {
      RETURN_IF_ERROR(Finish(call).status());
      return false;
    }
    RETURN_IF_ERROR(Wait(Await::kRead, call));
    RETURN_IF_ERROR(ConsumeInput());
  }
}

}  // namespace drift
