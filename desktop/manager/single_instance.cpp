// SPDX-License-Identifier: Apache-2.0
#include "manager/single_instance.hpp"

#include <QCryptographicHash>
#include <QDataStream>
#include <QLocalSocket>
#include <QTimer>

namespace mohr::desktop {
namespace {

constexpr int hand_over_ms = 3'000;
constexpr qint64 max_bytes = 256 * 1024;
constexpr int max_arguments = 1'000;

} // namespace

SingleInstance::SingleInstance(QString name, QObject* parent) : QObject(parent), name_(std::move(name)) {
    server_.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&server_, &QLocalServer::newConnection, this, &SingleInstance::accept);
}

bool SingleInstance::hand_over(const QStringList& arguments) {
    if (name_.isEmpty()) return false;
    QLocalSocket socket;
    socket.connectToServer(name_);
    if (!socket.waitForConnected(hand_over_ms)) return false;
    QDataStream stream(&socket);
    stream << arguments;
    if (!socket.waitForBytesWritten(hand_over_ms)) return false;
    return socket.waitForReadyRead(hand_over_ms); // it has read them
}

bool SingleInstance::listen() {
    if (name_.isEmpty()) return false;
    if (server_.listen(name_)) return true;
    QLocalServer::removeServer(name_); // left behind by one that was killed
    return server_.listen(name_);
}

void SingleInstance::accept() {
    while (QLocalSocket* socket = server_.nextPendingConnection()) {
        socket->setParent(this);
        QTimer::singleShot(hand_over_ms, socket, [socket] { socket->abort(); });
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
        connect(socket, &QLocalSocket::readyRead, this, [this, socket] {
            if (socket->bytesAvailable() > max_bytes) return socket->abort();
            QDataStream stream(socket);
            stream.startTransaction();
            QStringList arguments;
            stream >> arguments;
            if (!stream.commitTransaction()) return;
            if (arguments.size() > max_arguments) return socket->abort();
            socket->write("1");
            socket->disconnectFromServer();
            Q_EMIT called(arguments);
        });
    }
}

QString instance_socket_path(const QString& control_socket) {
    const QByteArray digest = QCryptographicHash::hash(control_socket.toUtf8(), QCryptographicHash::Sha256);
    const QString runtime = qEnvironmentVariable("XDG_RUNTIME_DIR");
    if (runtime.isEmpty()) return {}; // elsewhere others could listen
    return runtime + QStringLiteral("/mohr-desktop-") + QString::fromLatin1(digest.toHex().left(16));
}

} // namespace mohr::desktop
