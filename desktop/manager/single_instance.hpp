// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLocalServer>
#include <QObject>
#include <QStringList>
#include <memory>

namespace mohr::desktop {

/// One program for each person and control socket: a second start hands its arguments to the first and ends.
class SingleInstance : public QObject {
    Q_OBJECT
public:
    /// `name`: path of the socket of this program.
    explicit SingleInstance(QString name, QObject* parent = nullptr);

    /// True if there was another one, which has the arguments now.
    [[nodiscard]] bool hand_over(const QStringList& arguments);
    /// Takes arguments from now on. False if the socket cannot be made.
    [[nodiscard]] bool listen();

Q_SIGNALS:
    void called(const QStringList& arguments);

private:
    void accept();

    QString name_;
    QLocalServer server_;
};

/// Beside the control socket, so that sandboxes have programs of their own.
[[nodiscard]] QString instance_socket_path(const QString& control_socket);

} // namespace mohr::desktop
