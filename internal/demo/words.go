package demo

import (
	"fmt"
	"math/rand/v2"
)

// The material that the generator draws from. Companies and people are made
// up; numbers of phones lie in a range that is not handed out.
var (
	cities     = map[string][]string{"华东销售部": {"上海", "苏州", "杭州", "宁波"}, "华南销售部": {"深圳", "广州", "东莞", "佛山"}, "华北销售部": {"北京", "天津", "济南", "青岛"}}
	brands     = []string{"星河", "远景", "恒通", "瑞丰", "华清", "金桥", "蓝海", "东方", "盛达", "博远", "天成", "新锐", "鼎盛", "宏图", "安泰", "卓越", "凌云", "嘉禾", "永信", "思源", "启明", "汇智", "明德", "同济", "飞跃", "晨光", "海纳", "方舟", "立信", "信达"}
	trades     = []string{"智能科技", "精密机械", "新材料", "医疗器械", "供应链管理", "电子", "自动化设备", "食品", "环保工程", "软件", "物流", "建筑装饰"}
	surnames   = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧"}
	titles     = []string{"总经理", "采购经理", "技术总监", "运营总监", "信息主管", "副总经理", "采购主管"}
	sources    = []string{"转介绍", "主动询价", "展会洽谈", "官网留言", "会议报名", "内容下载", "展会名片", "购买名单"}
	needs      = []string{"想了解产线数据采集方案和报价", "计划年内更换仓储管理系统", "需要三个分厂的设备联网方案", "对售后响应时间要求较高", "正在比较两家供应商的方案", "希望先做一个试点再推广", "预算已批，想尽快看演示"}
	visitNotes = []string{"介绍了整体方案，客户关心实施周期和接口对接", "现场看了产线，确认了数据采集点位和网络条件", "和采购谈了付款方式，希望按节点分三期支付", "演示了系统，业务部门认可，技术部要做安全评估", "沟通了竞品对比，客户更看重本地服务能力", "确认了预算范围和决策流程，下周上会讨论", "处理了试用中的两个问题，客户同意继续推进", "拜访新任负责人，重新介绍了合作历史和现状"}
	callNotes  = []string{"电话沟通了报价细节，客户要求补充服务清单", "确认下周的现场会议时间和参会人员", "客户反馈方案已提交内部评审，等待结果", "了解到年底前必须上线，时间比较紧张", "对方正在走采购流程，提醒提交资质材料", "初步了解了需求，约好面谈时间"}
	nextSteps  = []string{"发正式报价", "安排现场演示", "提交实施方案", "约技术交流", "跟进评审结果", "准备合同文本"}
	sentences  = []string{"今天重点推进了两个关键客户，明天继续跟进报价。", "上午集中打电话，下午拜访，整体节奏不错。", "有一个客户预算推迟，已约下月再谈。", "新客户响应积极，计划本周安排演示。"}
	remedies   = []string{"客户临时改期两家，明天补上拜访并提前一天确认。", "上午处理投标材料，明天上午集中拨打电话。", "出差路上时间较长，明天安排同城拜访。"}
)

type generator struct {
	*rand.Rand
	phones int
	names  map[string]bool
}

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

// chance is true with the probability.
func (g *generator) chance(p float64) bool { return g.Float64() < p }

// company is a name that was not used before: names that differ in their city
// only would be taken for duplicates (DU-01).
func (g *generator) company(city string) string {
	for {
		n := pick(g, brands) + pick(g, brands) + pick(g, trades)
		if !g.names[n] {
			g.names[n] = true
			return city + n + "有限公司"
		}
	}
}

func (g *generator) person() string {
	return pick(g, surnames) + pick(g, []string{"总", "经理", "工", "主任"})
}

// phone is a number of a range without subscribers.
func (g *generator) phone() string {
	g.phones++
	return fmt.Sprintf("1990000%04d", g.phones)
}
