"""The names of crowds."""

# The eight strategic crowds of fast-moving goods (Tmall × Bain), the ninth is everybody else.
CROWDS = ("小镇青年", "Gen Z", "新锐白领", "精致妈妈", "资深中产", "都市蓝领", "都市银发", "小镇中老年", "其他")
DOWN_TIER = ("小镇高活青年", "9块9包邮党", "消费升级人群", "下沉市场高消费力人群", "美妆偏好人群")
