/** Reports by the code the daemon lists them under, and the page of each; one without a page is not offered. */
export const reportPages: Record<string, { path: string; about: string }> = {
  voice_service: { path: '/reports/voice_service', about: '呼入、请求人工、接通、放弃、呼损、接通率、服务水平、平均应答与处理时长；按中心、队列或小结类型统计，核对差为 0。' },
};
export const filterWords: Record<string, string> = {
  from: '起始日期', to: '截止日期', center_id: '中心', queue_id: '队列', unit_type: '单位类型', wrap_up_code: '小结类型', by: '统计对象',
};
