// The messages that every contender sends.
#pragma once

#include <string>

#include "stt/v1/speech.pb.h"

inline const std::string &job_id() {
    static const std::string id = "job-" + std::string(42, '0');
    return id;
}

// 128 bytes, made anew for each reply as a service does.
inline stt::v1::JobStatus job_status() {
    stt::v1::JobStatus status;
    status.set_job_id(job_id());
    status.set_state(stt::v1::JOB_STATE_TRANSCRIBING);
    status.set_filename("interview-with-the-guest-of-the-week.flac");
    status.set_chunks_total(25);
    status.set_chunks_done(12);
    status.set_audio_done_ms(348000);
    status.set_created_at_ms(1760000000000);
    status.set_started_at_ms(1760000001000);
    status.set_language("en");
    status.set_chunk_attempts(12);
    return status;
}

// 230 bytes.
inline stt::v1::StreamResultReply partial() {
    stt::v1::StreamResultReply reply;
    auto *partial = reply.mutable_partial();
    partial->set_chunk(7);
    partial->set_start_ms(203000);
    partial->set_end_ms(232000);
    std::string text;
    for (int i = 0; i < 11; i++) text += "and so it goes on ";
    partial->set_text(text + "for ever");
    partial->set_engine_ms(850);
    partial->set_attempts(1);
    return reply;
}
