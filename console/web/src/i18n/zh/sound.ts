export const sound = {
  blocked: '声音未开启，点此开启',
  mute: '静音',
  unmute: '恢复声音',
  mutedBy: '静音：{name}，到 {time}',
  who: '静音的人',
  howLong: '多长时间',
  stillCritical: '新的紧急警情仍会响一次；到时自动恢复。',
}
