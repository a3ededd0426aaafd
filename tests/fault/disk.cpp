// SPDX-License-Identifier: Apache-2.0
#include "disk.hpp"

#include <mohr/base/files.hpp>

#include <sqlite3.h>

#include <cstring>
#include <new>
#include <stdexcept>

namespace mohr::test {
namespace {

namespace fs = std::filesystem;

/// The disk that watches, if any: without one the VFS passes everything through.
/// The disk that watches; without one everything passes through. SQLite's VFS calls are plain functions.
Disk* installed = nullptr;
sqlite3_vfs* system_vfs = nullptr;

/// SQLite allocates this, followed by the system VFS's own file.
struct WatchedFile {
    sqlite3_file base;
    const char* path; // SQLite keeps it as long as the file is open
    [[nodiscard]] sqlite3_file* real() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

WatchedFile* watched(sqlite3_file* file) noexcept {
    return reinterpret_cast<WatchedFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) noexcept {
    return watched(file)->real();
}

int close_file(sqlite3_file* file) {
    return real(file)->pMethods->xClose(real(file));
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    return real(file)->pMethods->xRead(real(file), to, size, at);
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    if (installed != nullptr) installed->event("write");
    if (installed != nullptr && installed->full()) return SQLITE_FULL;
    return real(file)->pMethods->xWrite(real(file), from, size, at);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    if (installed != nullptr) installed->event("truncate");
    return real(file)->pMethods->xTruncate(real(file), size);
}

int sync_file(sqlite3_file* file, int flags) {
    if (installed != nullptr) installed->event("sync");
    const int code = real(file)->pMethods->xSync(real(file), flags);
    if (code == SQLITE_OK && watched(file)->path != nullptr && installed != nullptr)
        installed->synced(watched(file)->path);
    return code;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return real(file)->pMethods->xFileSize(real(file), size);
}
int lock(sqlite3_file* file, int level) {
    return real(file)->pMethods->xLock(real(file), level);
}
int unlock(sqlite3_file* file, int level) {
    return real(file)->pMethods->xUnlock(real(file), level);
}
int check_lock(sqlite3_file* file, int* out) {
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

int control(sqlite3_file* file, int op, void* argument) {
    // Sizes and hints would reach the disk past this shim.
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_NOTFOUND;
    return real(file)->pMethods->xFileControl(real(file), op, argument);
}

int sector_size(sqlite3_file* file) {
    return real(file)->pMethods->xSectorSize(real(file));
}
// As SQLite's own VFS on Linux, and as this disk behaves: a write changes no byte beside it. Nothing more is
// promised.
int characteristics(sqlite3_file*) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// Version 1 has no shared memory and no memory map: everything passes through the functions above.
const sqlite3_io_methods methods = {
    1,       close_file, read_file,  write_file, truncate_file, sync_file,       file_size,
    lock,    unlock,     check_lock, control,    sector_size,   characteristics, nullptr,
    nullptr, nullptr,    nullptr,    nullptr,    nullptr};

int open_file(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
    auto* const mine = watched(file);
    mine->base.pMethods = nullptr;
    mine->path = path;
    const int code = system_vfs->xOpen(system_vfs, path, mine->real(), flags, out_flags);
    if (mine->real()->pMethods != nullptr) mine->base.pMethods = &methods;
    return code;
}

int delete_file(sqlite3_vfs*, const char* path, int sync_directory) {
    if (installed != nullptr) installed->event("delete");
    const int code = system_vfs->xDelete(system_vfs, path, sync_directory);
    if (code == SQLITE_OK && installed != nullptr) installed->forgotten(path);
    return code;
}

} // namespace

Disk::Disk(fs::path platter) : platter_(std::move(platter)) {
    fs::create_directories(platter_);
}

Disk::~Disk() {
    if (installed == this) installed = nullptr;
}

void Disk::install() {
    installed = this;
    if (system_vfs != nullptr) return;
    system_vfs = sqlite3_vfs_find(nullptr);
    static sqlite3_vfs shim = *system_vfs;
    shim.zName = "mohr-fault";
    shim.szOsFile = static_cast<int>(sizeof(WatchedFile)) + system_vfs->szOsFile;
    shim.xOpen = open_file;
    shim.xDelete = delete_file;
    if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK) throw std::runtime_error("sqlite3_vfs_register");
}

void Disk::synced(const fs::path& path) {
    fs::copy_file(path, on_platter(path), fs::copy_options::overwrite_existing);
}
void Disk::forgotten(const fs::path& path) {
    fs::remove(on_platter(path));
}

void Disk::sync_everything(std::initializer_list<fs::path> directories) {
    fs::remove_all(platter_);
    fs::create_directories(platter_);
    for (const fs::path& directory : directories)
        for (const auto& entry : fs::directory_iterator(directory)) synced(entry.path());
}

void Disk::lose_power(std::initializer_list<fs::path> directories) {
    renamed_.clear();
    for (const fs::path& directory : directories) {
        std::vector<fs::path> present;
        for (const auto& entry : fs::directory_iterator(directory)) present.push_back(entry.path());
        for (const fs::path& path : present) {
            fs::remove(path);
            if (fs::exists(on_platter(path))) fs::copy_file(on_platter(path), path);
        }
    }
}

Result<void> Disk::write(const fs::path& path, ByteView content) {
    event("file.write");
    if (full_) return Error(BaseErrc::io, "no space left on the test's disk");
    // Truncated and not yet synced: a loss of power now leaves an empty file.
    return system_.write(path, content);
}

Result<void> Disk::sync(const fs::path& path) {
    event("file.sync");
    MOHR_TRY(system_.sync(path));
    synced(path);
    return {};
}

Result<void> Disk::rename(const fs::path& from, const fs::path& to) {
    event("file.rename");
    renamed_.emplace_back(from, to);
    return system_.rename(from, to);
}

Result<void> Disk::sync_directory(const fs::path& path) {
    event("file.sync_directory");
    MOHR_TRY(system_.sync_directory(path));
    for (const auto& [from, to] : renamed_)
        if (fs::exists(on_platter(from))) fs::rename(on_platter(from), on_platter(to));
    renamed_.clear();
    return {};
}

} // namespace mohr::test
