package cards

import (
	"crmbot/internal/attachment"
	"crmbot/internal/crm"
)

// attachmentSamples are offers for files without a command.
func attachmentSamples(l crm.Lang) []Sample {
	f := attachment.File{ID: 7, Name: l.T("名片.jpg", "card.jpg")}
	return []Sample{
		{"attachment.offer/picture", crm.Text{Zh: "收到名片", En: "a picture came"}, FileOffer(l, f, "", crm.Ref{})},
		{"attachment.offer/record", crm.Text{Zh: "刚谈到的线索，收到文件", En: "a file came after a lead was opened"}, FileOffer(l, f, "", crm.LeadID(12).Ref())},
		{"attachment.offer/text", crm.Text{Zh: "收到转发的消息", En: "a message came"}, FileOffer(l, attachment.File{ID: 8, Name: l.T("消息.txt", "message.txt")}, l.T("华星科技王总 13800138000 想要检测设备报价", "Huaxing, Wang, 13800138000, asks for an offer"), crm.Ref{})},
	}
}
