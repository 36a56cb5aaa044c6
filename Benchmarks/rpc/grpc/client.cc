// The load that a gRPC C++ client makes, one thread on its asynchronous API.
//   grpc-client unary|stream|upload|hold PORT CONNECTIONS IN_FLIGHT SECONDS
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "messages.h"
#include "stt/v1/speech.grpc.pb.h"

using Clock = std::chrono::steady_clock;
using Stub = stt::v1::SpeechToText::Stub;

static grpc::CompletionQueue queue;
static uint64_t count_done = 0;
static int open_calls = 0;
static Clock::time_point end_time;
static bool takes_times = false;
static std::vector<uint32_t> times;

struct Call {
    virtual ~Call() = default;
    virtual void proceed(bool ok) = 0;
};

static void check(const grpc::Status &status) {
    if (status.ok()) return;
    fprintf(stderr, "grpc-client: a call failed: %s\n", status.error_message().c_str());
    exit(1);
}

struct StatusCall final : Call {
    Stub &stub;
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<stt::v1::JobStatus>> reader;
    stt::v1::StatusRequest request;
    stt::v1::JobStatus reply;
    grpc::Status status;
    Clock::time_point started;

    explicit StatusCall(Stub &stub) : stub(stub) {
        request.set_job_id(job_id());
        start();
    }
    void start() {
        started = Clock::now();
        context = std::make_unique<grpc::ClientContext>();
        reader = stub.AsyncStatus(context.get(), request, &queue);
        reader->Finish(&reply, &status, this);
    }
    void proceed(bool) override {
        check(status);
        count_done++;
        const auto now = Clock::now();
        if (takes_times)
            times.push_back(uint32_t(std::chrono::duration_cast<std::chrono::microseconds>(now - started).count()));
        if (now < end_time) start();
        else open_calls--;
    }
};

struct StreamCall final : Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientAsyncReader<stt::v1::StreamResultReply>> reader;
    stt::v1::StreamResultReply reply;
    grpc::Status status;
    enum { starting, reading, finishing } state = starting;

    explicit StreamCall(Stub &stub) {
        stt::v1::StreamResultRequest request;
        request.set_job_id(job_id());
        reader = stub.AsyncStreamResult(&context, request, &queue, this);
    }
    void proceed(bool ok) override {
        if (state == finishing) return void(open_calls--);
        if (state == reading && ok) count_done++;
        if (!ok || ((count_done & 63) == 0 && Clock::now() >= end_time)) {
            context.TryCancel();
            state = finishing;
            return reader->Finish(&status, this);
        }
        state = reading;
        reader->Read(&reply, this);
    }
};

struct SubmitCall final : Call {
    grpc::ClientContext context;
    stt::v1::SubmitRequest request;
    stt::v1::SubmitReply reply;
    std::unique_ptr<grpc::ClientAsyncReaderWriter<stt::v1::SubmitRequest, stt::v1::SubmitReply>> stream;
    grpc::Status status;
    const bool is_idle;
    enum { writing, closing, reading, finishing } state = writing;

    SubmitCall(Stub &stub, bool is_idle) : is_idle(is_idle) {
        request.set_audio(std::string(256 * 1024, 0x55));
        if (is_idle) request.clear_audio();
        stream = stub.AsyncSubmit(&context, &queue, this);
    }
    void proceed(bool) override {
        if (is_idle) return void(count_done++);
        if (state == finishing) {
            check(status);
            count_done = reply.audio_bytes();
            open_calls--;
        } else if (state == reading) {
            state = finishing;
            stream->Finish(&status, this);
        } else if (state == closing) {
            state = reading;
            stream->Read(&reply, this);
        } else if (Clock::now() < end_time) {
            stream->Write(request, this);
        } else {
            state = closing;
            stream->WritesDone(this);
        }
    }
};

int main(int count, char **arguments) {
    if (count < 6) return 2;
    const std::string work = arguments[1], address = std::string("127.0.0.1:") + arguments[2];
    const int connections = atoi(arguments[3]), in_flight = atoi(arguments[4]);
    const double seconds = atof(arguments[5]);
    takes_times = work == "unary" && connections * in_flight == 1;
    std::vector<std::unique_ptr<Stub>> stubs;
    for (int i = 0; i < connections; i++) {
        grpc::ChannelArguments options;
        options.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        options.SetMaxReceiveMessageSize(-1);
        auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), options);
        if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) return 1;
        stubs.push_back(stt::v1::SpeechToText::NewStub(channel));
    }
    const auto start = Clock::now();
    end_time = start + std::chrono::microseconds(int64_t(seconds * 1e6));
    for (auto &stub : stubs) {
        for (int i = 0; i < in_flight; i++) {
            open_calls++;
            if (work == "unary") new StatusCall(*stub);
            else if (work == "stream") new StreamCall(*stub);
            else new SubmitCall(*stub, work == "hold");
        }
    }
    void *tag;
    bool ok;
    const uint64_t wanted = uint64_t(connections) * in_flight;
    while (open_calls > 0 && queue.Next(&tag, &ok)) {
        static_cast<Call *>(tag)->proceed(ok);
        if (work == "hold" && count_done == wanted) {
            printf("READY\n");
            fflush(stdout);
            std::string line;
            while (std::getline(std::cin, line)) {}
            _exit(0);
        }
    }
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    uint32_t p50 = 0, p99 = 0;
    if (!times.empty()) {
        std::sort(times.begin(), times.end());
        p50 = times[times.size() / 2];
        p99 = times[times.size() * 99 / 100];
    }
    printf("RESULT %f %u %u\n", double(count_done) / elapsed / (work == "upload" ? 1048576.0 : 1.0), p50, p99);
    fflush(stdout);
    _exit(0);
}
