// The same methods in gRPC C++ with its asynchronous API, the fastest of its interfaces.
//   grpc-server THREADS
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "messages.h"
#include "stt/v1/speech.grpc.pb.h"

using grpc::ServerCompletionQueue;
using Service = stt::v1::SpeechToText::AsyncService;

struct Call {
    virtual ~Call() = default;
    virtual void proceed(bool ok) = 0;
};

struct StatusCall final : Call {
    Service &service;
    ServerCompletionQueue &queue;
    grpc::ServerContext context;
    stt::v1::StatusRequest request;
    grpc::ServerAsyncResponseWriter<stt::v1::JobStatus> writer{&context};
    bool replied = false;

    StatusCall(Service &service, ServerCompletionQueue &queue) : service(service), queue(queue) {
        service.RequestStatus(&context, &request, &writer, &queue, &queue, this);
    }
    void proceed(bool ok) override {
        if (replied || !ok) return void(delete this);
        new StatusCall(service, queue);
        replied = true;
        writer.Finish(job_status(), grpc::Status::OK, this);
    }
};

struct StreamCall final : Call {
    Service &service;
    ServerCompletionQueue &queue;
    grpc::ServerContext context;
    stt::v1::StreamResultRequest request;
    grpc::ServerAsyncWriter<stt::v1::StreamResultReply> writer{&context};
    const stt::v1::StreamResultReply reply = partial();
    enum { waiting, writing, finishing } state = waiting;

    StreamCall(Service &service, ServerCompletionQueue &queue) : service(service), queue(queue) {
        service.RequestStreamResult(&context, &request, &writer, &queue, &queue, this);
    }
    void proceed(bool ok) override {
        if (state == finishing || (state == waiting && !ok)) return void(delete this);
        if (state == waiting) new StreamCall(service, queue);
        if (!ok) {
            state = finishing;
            return writer.Finish(grpc::Status::CANCELLED, this);
        }
        state = writing;
        writer.Write(reply, this);
    }
};

struct SubmitCall final : Call {
    Service &service;
    ServerCompletionQueue &queue;
    grpc::ServerContext context;
    stt::v1::SubmitRequest request;
    grpc::ServerAsyncReaderWriter<stt::v1::SubmitReply, stt::v1::SubmitRequest> stream{&context};
    size_t bytes = 0;
    enum { waiting, reading, finishing } state = waiting;

    SubmitCall(Service &service, ServerCompletionQueue &queue) : service(service), queue(queue) {
        service.RequestSubmit(&context, &stream, &queue, &queue, this);
    }
    void proceed(bool ok) override {
        if (state == finishing || (state == waiting && !ok)) return void(delete this);
        if (state == waiting) {
            new SubmitCall(service, queue);
        } else if (ok) {
            bytes += request.audio().size();
        } else {
            stt::v1::SubmitReply reply;
            reply.set_audio_bytes(bytes);
            state = finishing;
            return stream.WriteAndFinish(reply, grpc::WriteOptions(), grpc::Status::OK, this);
        }
        state = reading;
        stream.Read(&request, this);
    }
};

int main(int count, char **arguments) {
    const int threads = count > 1 ? atoi(arguments[1]) : 2;
    Service service;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    std::vector<std::unique_ptr<ServerCompletionQueue>> queues;
    for (int i = 0; i < threads; i++) queues.push_back(builder.AddCompletionQueue());
    auto server = builder.BuildAndStart();
    if (!server) return 1;
    std::vector<std::thread> workers;
    for (auto &queue : queues) {
        workers.emplace_back([&service, &queue] {
            for (int i = 0; i < 64; i++) {
                new StatusCall(service, *queue);
                new StreamCall(service, *queue);
                new SubmitCall(service, *queue);
            }
            void *tag;
            bool ok;
            while (queue->Next(&tag, &ok)) static_cast<Call *>(tag)->proceed(ok);
        });
    }
    printf("PORT %d\n", port);
    fflush(stdout);
    std::string line;
    while (std::getline(std::cin, line)) {}
    _exit(0);
}
