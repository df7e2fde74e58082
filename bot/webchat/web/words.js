// The words of the page in both languages; the language is the person's.
const words = {
  zh: { group: '新建群聊', gallery: '卡片库', trial: '试用模式：仅本机可见，任何身份都可切换。', send: '发送', bot: 'crmbot 助手', botSub: '机器人', members: '人',
    ph: '输入消息，或 / 查看命令', phGroup: '@bot 呼叫机器人；@姓名 提醒同事', who: '选择身份', whoHint: '以谁的身份体验?', search: '搜索姓名、角色或团队', clock: '移动时钟', clockHint: '时间只能向前。期间到点的提醒、日报、升级都会照常发生。',
    go: '移动', cancel: '取消', ok: '确定', to: '移动到', moving: '时钟移动中…', create: '创建', name: '群名', pick: '选择成员', file: '文件', raw: '查看源码', drop: '松开鼠标发送文件', empty: '还没有消息。试试：', updated: '已更新', back: '返回',
    attach: '发送文件', theme: '切换深浅色', copy: '复制', copied: '已复制', close: '关闭', lossy: '简化显示', problems: '校验问题', noProblems: '校验通过', offline: '连接断开，正在重连…', earlier: '更早的消息', sending: '处理中…', required: '请选择至少一项',
    h1: '1 小时', d1: '到明天 9:00', e1730: '到 17:31', e1931: '到 19:31', w1: '一周', workday: '到下周一 9:00', days: ['周日', '周一', '周二', '周三', '周四', '周五', '周六'], yesterday: '昨天', today: '今天', me: '我',
    forms: { lark: 'Lark 卡片', 'ding-public': '钉钉 公共模板', 'ding-template': '钉钉 自有模板', 'ding-plain': '钉钉 纯文本', text: '文本' } },
  en: { group: 'New group', gallery: 'Card gallery', trial: 'For trying out: visible on this machine only, any identity can be taken.', send: 'Send', bot: 'crmbot', botSub: 'Bot', members: ' members',
    ph: 'Message, or / for commands', phGroup: '@bot to address the bot, @name for people', who: 'Choose who you are', whoHint: 'Whose eyes do you want to see it through?', search: 'Search by name, role or team', clock: 'Move the clock', clockHint: 'Time only moves forward. Reminders, reports and escalations that fall due on the way happen as usual.',
    go: 'Move', cancel: 'Cancel', ok: 'OK', to: 'Move to', moving: 'Moving the clock …', create: 'Create', name: 'Group name', pick: 'Members', file: 'File', raw: 'Source', drop: 'Drop to send', empty: 'No messages yet. Try:', updated: 'updated', back: 'Back',
    attach: 'Send a file', theme: 'Light or dark', copy: 'Copy', copied: 'Copied', close: 'Close', lossy: 'Shown more simply', problems: 'Problems', noProblems: 'Valid', offline: 'Connection lost, reconnecting …', earlier: 'Earlier messages', sending: 'Working …', required: 'Choose at least one',
    h1: '1 hour', d1: 'tomorrow 9:00', e1730: 'to 17:31', e1931: 'to 19:31', w1: 'one week', workday: 'next Monday 9:00', days: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'], yesterday: 'Yesterday', today: 'Today', me: 'Me',
    forms: { lark: 'Lark card', 'ding-public': 'DingTalk public template', 'ding-template': 'DingTalk own template', 'ding-plain': 'DingTalk plain', text: 'Text' } },
};
export function t(lang) { return words[lang] || words.zh; }
