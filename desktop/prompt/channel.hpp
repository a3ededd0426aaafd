// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/protocol/control_frames.hpp>

#include <QObject>
#include <string>
#include <string_view>
#include <vector>

class QSocketNotifier;

namespace mohr::desktop {

struct NamedSecret {
    std::string name;
    Secret secret;
};

/// The inherited socket to the core, with the framing of docs/control-api.md. A descriptor belongs to the message with
/// whose first byte it came.
class Channel : public QObject {
    Q_OBJECT
public:
    explicit Channel(Descriptor socket, QObject* parent = nullptr);
    ~Channel() override;

    /// `json` and the secrets that it names, in their order, straight from secret memory. False if the core does not take
    /// it within five seconds; `ended` follows.
    bool send(std::string_view json, const std::vector<NamedSecret>& secrets = {});
    /// The descriptors of the message that is being received.
    [[nodiscard]] std::vector<Descriptor> take_descriptors() { return std::move(descriptors_); }

Q_SIGNALS:
    void received(const std::string& json);
    /// The core is gone, or speaks nonsense.
    void ended();

private:
    void readable();
    bool read_some();
    bool write_all(ByteView bytes);
    void end();

    Descriptor socket_;
    QSocketNotifier* notifier_;
    protocol::ControlFrameReader reader_;
    std::vector<Descriptor> descriptors_;
    bool over_ = false;
};

} // namespace mohr::desktop
