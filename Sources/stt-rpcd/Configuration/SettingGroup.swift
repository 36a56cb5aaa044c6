/// Settings under one heading.
struct SettingGroup: Sendable {
    var title: String
    var settings: [Setting]

    /// Every setting that there is.
    static let all = [
        SettingGroup(title: "General", settings: Setting.general),
        SettingGroup(title: "TLS", settings: Setting.tls),
        SettingGroup(title: "Access", settings: Setting.access),
        SettingGroup(title: "Limits of calls and tenants", settings: Setting.limits),
        SettingGroup(title: "Jobs", settings: Setting.jobs),
        SettingGroup(title: "Audio from elsewhere", settings: Setting.fetch),
        SettingGroup(title: "Engines", settings: Setting.engine),
        SettingGroup(title: "Remote engines", settings: Setting.remoteEngine),
        SettingGroup(title: "Workers", settings: Setting.worker),
        SettingGroup(title: "MongoDB", settings: Setting.mongodb),
        SettingGroup(title: "Redis", settings: Setting.redis),
        SettingGroup(title: "Object store (S3, MinIO)", settings: Setting.s3),
    ]
}

extension Setting {
    static let all = SettingGroup.all.flatMap(\.settings)
}
