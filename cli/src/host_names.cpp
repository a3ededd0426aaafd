// SPDX-License-Identifier: Apache-2.0
#include "host_names.hpp"

#include <mohr/protocol/tls_names.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <netdb.h>

namespace mohr::cli {
namespace {

constexpr std::chrono::seconds resolve_limit{3};

bool is_loopback(const sockaddr* address) {
    if (address->sa_family == AF_INET)
        return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

std::string text_of(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* raw = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (address->sa_family == AF_INET) raw = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    return ::inet_ntop(address->sa_family, raw, text.data(), text.size()) == nullptr ? "" : text.data();
}

/// One name in one family: a name server that says nothing about IPv6 does not hide what /etc/hosts has for IPv4.
struct Question {
    std::string name;
    addrinfo hints{};
    gaicb request{};
    HostName* host = nullptr;
};

void read(const Question& question) {
    HostName& host = *question.host;
    for (const addrinfo* at = question.request.ar_result; at != nullptr; at = at->ai_next) {
        host.addresses.push_back(text_of(at->ai_addr));
        if (!is_loopback(at->ai_addr))
            host.state = HostState::elsewhere;
        else if (host.state == HostState::unknown)
            host.state = HostState::loopback;
    }
    ::freeaddrinfo(question.request.ar_result);
}

} // namespace

std::vector<HostName> resolve_dastine_hosts() {
    std::vector<HostName> hosts;
    for (const std::string_view name : protocol::dastine_hosts)
        hosts.push_back({name, HostState::unknown, {}});
    std::vector<std::unique_ptr<Question>> questions;
    std::vector<gaicb*> requests;
    for (HostName& host : hosts)
        for (const int family : {AF_INET, AF_INET6}) {
            auto question = std::make_unique<Question>();
            question->name = std::string(host.name);
            question->hints.ai_family = family;
            question->hints.ai_socktype = SOCK_STREAM;
            question->request.ar_name = question->name.c_str();
            question->request.ar_request = &question->hints;
            question->host = &host;
            requests.push_back(&question->request);
            questions.push_back(std::move(question));
        }
    if (::getaddrinfo_a(GAI_NOWAIT, requests.data(), static_cast<int>(requests.size()), nullptr) != 0)
        return hosts;
    const auto deadline = std::chrono::steady_clock::now() + resolve_limit;
    for (auto& question : questions) {
        const std::array<const gaicb*, 1> waiting{&question->request};
        const auto left = std::chrono::nanoseconds(deadline - std::chrono::steady_clock::now()).count();
        const timespec limit{std::max<long>(left, 0) / 1'000'000'000,
                             std::max<long>(left, 0) % 1'000'000'000};
        ::gai_suspend(waiting.data(), 1, &limit);
        const int error = ::gai_error(&question->request);
        if (error == 0)
            read(*question);
        else if (error == EAI_INPROGRESS && ::gai_cancel(&question->request) != EAI_CANCELED)
            // The resolver's own thread still writes into it: left to it until the program ends.
            static_cast<void>(question.release());
    }
    return hosts;
}

std::string hosts_lines() {
    std::string names;
    for (const std::string_view name : protocol::dastine_hosts) names += " " + std::string(name);
    return "127.0.0.1" + names + "\n::1" + names + "\n";
}

std::string hosts_command() {
    std::string lines = hosts_lines();
    std::string quoted;
    for (const char c : lines) quoted += c == '\n' ? std::string("\\n") : std::string(1, c);
    return "printf '" + quoted + "' | sudo tee -a /etc/hosts";
}

} // namespace mohr::cli
